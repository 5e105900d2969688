"""Checkpoints: which files are meant, and what is said of those that cannot be used, before anything runs."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import pytest

from orchestration import checkpoints
from orchestration.data import Hashes, own_files
from orchestration.store import Store

INDEX, SHARD = "model-15.index", "model-15.data-00000-of-00001"


def put(folder: Path, *names: str) -> Path:
    """Files with these names, of some bytes; returns the folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"\0weights")
    return folder


def names(place: Path) -> list[str]:
    """What a path means."""
    return [file.relative_to(place.parent).as_posix() for file in checkpoints.files(place)]


def said(place: Path) -> str | None:
    return checkpoints.problem(place)


def test_neighbours_are_not_meant(tmp_path: Path) -> None:
    put(tmp_path, "celeba.pkl", "celeba.pkl.part", "celeba.pkl.md5", "lsun.pkl", ".DS_Store")
    assert names(tmp_path / "celeba.pkl") == ["celeba.pkl"]
    put(tmp_path, INDEX, SHARD, "model-15.meta", "model-150.index", "model-15.index.bak", f"{SHARD} (1)", "checkpoint")
    assert names(tmp_path / "model-15") == [SHARD, INDEX, "model-15.meta"]


def test_of_a_folder_all_but_hidden_files_is_meant(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "weights")
    put(tmp_path / "own", "checkpoint", "sub/b", ".git/config", "._a", "sub/.DS_Store", "Thumbs.db")
    (tmp_path / "own/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "own/sub/up").symlink_to(tmp_path / "own")
    assert set(own_files(str(tmp_path / "own"))) == {
        "/checkpoint", "/link/weights", "/sub/b", "/sub/up/checkpoint", "/sub/up/link/weights"}


def test_links_of_a_cache_are_resolved_for_every_engine(tmp_path: Path) -> None:
    put(tmp_path / "blobs", "1a", "2b")
    folder = put(tmp_path / "snapshots", "notes")
    (folder / INDEX).symlink_to("../blobs/1a")
    (folder / SHARD).symlink_to("../blobs/2b")
    assert said(folder / "model-15") is None
    assert own_files(str(folder / "model-15")) == {
        ".index": tmp_path / "blobs/1a", ".data-00000-of-00001": tmp_path / "blobs/2b"}


def test_the_hash_is_that_of_its_own_files(tmp_path: Path) -> None:
    put(tmp_path, INDEX, SHARD)

    def digest() -> str:
        return Hashes(Store(tmp_path / "store"), lambda *read: None)(str(tmp_path / "model-15"))

    before = digest()
    put(tmp_path, "model-150.index", "notes.txt", "store/more", "lsun.npz")
    assert digest() == before
    (tmp_path / SHARD).write_bytes(b"others")
    assert digest() != before


def test_what_is_whole_is_no_problem(tmp_path: Path) -> None:
    put(tmp_path, INDEX, SHARD, "weights", "folder/a", "folder/page.html")
    (tmp_path / "folder/empty").touch()
    for protocol in range(6):
        (tmp_path / f"{protocol}.pkl").write_bytes(pickle.dumps([1.5], protocol))
    with zipfile.ZipFile(tmp_path / "celeba.npz", "w") as archive:
        archive.writestr("a.npy", b"")
    (tmp_path / "pytorch.pkl").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + bytes(99))
    for name in ("model-15", "weights", "folder", "celeba.npz", "pytorch.pkl", *(f"{each}.pkl" for each in range(6))):
        assert said(tmp_path / name) is None


@pytest.mark.parametrize(("there", "asked", "meant"), [
    ("celeba.pkl", "celeba", "celeba.pkl"), ("celeba.pkl", "celeba.pkl.pkl", "celeba.pkl"),
    ("celeba (1).pkl", "celeba.pkl", "celeba (1).pkl"), ("Celeba.pkl", "celeba.pkl", "Celeba.pkl"),
    ("model-150000.index", "model-15000", "model-150000")])
def test_what_may_have_been_meant_is_named(tmp_path: Path, there: str, asked: str, meant: str) -> None:
    put(tmp_path, there)
    assert said(tmp_path / asked) == f"is not there; did you mean {tmp_path / meant}?"


def test_a_download_that_goes_on_is_named(tmp_path: Path) -> None:
    put(tmp_path, "celeba.pkl.crdownload")
    assert "its download has not ended (celeba.pkl.crdownload" in str(said(tmp_path / "celeba.pkl"))


def test_what_is_not_there_is_told_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(put(tmp_path, "published/other"))
    text = f"is not there; put it at {tmp_path}/published/celeba.pkl"
    assert said(Path("published/celeba.pkl")) == text


@pytest.mark.parametrize(("there", "text"), [
    ((INDEX,), f"lacks its file {SHARD}; put it at"),
    ((SHARD,), f"lacks its file {INDEX}; put it at"),
    ((INDEX, f"{SHARD} (1)"), f"lacks its file {SHARD}; rename {SHARD} (1)"),
    ((INDEX, "model-15.data-00001-of-00002"), "lacks its file model-15.data-00000-of-00002; put it at")])
def test_a_part_that_lacks_is_named(tmp_path: Path, there: tuple[str, ...], text: str) -> None:
    assert text in str(said(put(tmp_path, *there) / "model-15"))


def test_what_is_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    put(tmp_path, INDEX, SHARD, "folder/a")
    for name in (SHARD, "folder/a", "celeba.pkl"):
        (tmp_path / name).write_text("<!DOCTYPE html><title>Google Drive - Quota exceeded")
    assert str(said(tmp_path / "celeba.pkl")).startswith("is a web page")
    assert str(said(tmp_path / "model-15")).startswith(f"has a file {SHARD} that is a web page")
    assert str(said(tmp_path / "folder")).startswith("has a file a that is a web page")


@pytest.mark.parametrize(("name", "content"), [
    ("celeba.npz", b"PK\x03\x04 cut off"), ("celeba.npz", b"\x80\x04N."), ("celeba.pkl", b"\x80\x04\x95 cut off")])
def test_a_download_that_was_cut_off(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert "its download was cut off; download it again" in str(said(tmp_path / name))


def test_links_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    put(tmp_path, INDEX, "folder/a")
    for name in ("celeba.pkl", SHARD, "folder/b"):
        (tmp_path / name).symlink_to("/unmounted/weights")
    (tmp_path / "loop").symlink_to("loop")
    text = "is a link to /unmounted/weights, which is not there; mount its disk"
    assert str(said(tmp_path / "celeba.pkl")).startswith(text)
    assert str(said(tmp_path / "model-15")).startswith(f"has a file {SHARD} that {text}")
    assert str(said(tmp_path / "folder")).startswith(f"has a file b that {text}")
    assert str(said(tmp_path / "loop")).startswith("is a link to loop, which is not there")


def test_what_is_no_checkpoint_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(put(tmp_path / "work", "store/files.json"))
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    for place in (".", "..", str(tmp_path)):
        assert "the folder that you are in, or one around it" in str(said(Path(place)))
    assert said(tmp_path / "empty") == "has no files in it"
    assert said(tmp_path / "pipe") == "is neither a file nor a folder"
    assert "cannot be read" in str(said(tmp_path / ("n" * 300)))
