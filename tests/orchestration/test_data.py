"""Data files: which are meant, whether they are there, and their hashes."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from orchestration.data import Hashes, flaws, own_files, problems, reading, shown
from orchestration.stage import Plan, Resources, Stage
from orchestration.store import Store


@pytest.fixture
def hashes(tmp_path: Path) -> Hashes:
    """The hashes of a fresh store; what was read is in `read`."""
    return fresh(tmp_path)


def fresh(tmp_path: Path) -> Hashes:
    return Hashes(Store(tmp_path / "store"), lambda path, count, size: READ.append(f"{Path(path).name} {count} {size}"))


READ: list[str] = []


@pytest.fixture(autouse=True)
def nothing_read() -> None:
    READ.clear()


def test_a_file_is_its_own_and_its_neighbours_are_not(tmp_path: Path, hashes: Hashes) -> None:
    (tmp_path / "celeba.pkl").write_text("weights")
    before = hashes(str(tmp_path / "celeba.pkl"))
    (tmp_path / "lsun.pkl").write_text("others")
    assert own_files(str(tmp_path / "celeba.pkl")) == {"": tmp_path / "celeba.pkl"}
    assert fresh(tmp_path)(str(tmp_path / "celeba.pkl")) == before


def test_of_a_checkpoint_of_several_files_those_with_its_name_are_meant(tmp_path: Path) -> None:
    for name in ("model-15.index", "model-15.data-00000-of-00001", "model-150.index", "model-1.index", "checkpoint"):
        (tmp_path / name).touch()
    assert set(own_files(str(tmp_path / "model-15"))) == {".index", ".data-00000-of-00001"}


@pytest.mark.parametrize(("kind", "name"), [(None, "weights"), ("lsun", "data.mdb"), ("photos", "a.jpg")])
def test_what_readers_and_viewers_leave_in_a_folder_is_no_data(
    tmp_path: Path, hashes: Hashes, kind: str | None, name: str
) -> None:
    folder = tmp_path / ".cache" / "bedroom"  # the folder itself may lie below a hidden one
    folder.mkdir(parents=True)
    (folder / name).write_text("pictures")
    before = hashes(str(folder), kind)
    left = (".DS_Store", "._a.jpg", ".git/config", "Thumbs.db", "desktop.ini")
    for other in (*left, *(("lock.mdb", "a.jpg.xmp", "@eaDir/a.jpg") if kind else ())):
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_text("x")
    assert set(own_files(str(folder), kind)) == {f"/{name}"}
    assert fresh(tmp_path)(str(folder), kind) == before


def test_links_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/celeba.zip").write_text("faces")
    (tmp_path / "archive.zip").symlink_to(tmp_path / "disk/celeba.zip")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/data.mdb").symlink_to(tmp_path / "disk/celeba.zip")
    assert own_files(str(tmp_path / "archive.zip")) == {"": tmp_path / "disk/celeba.zip"}
    assert own_files(str(tmp_path / "folder")) == {"/data.mdb": tmp_path / "disk/celeba.zip"}


def test_a_name_with_wildcards_means_itself(tmp_path: Path) -> None:
    (tmp_path / "model[1]*.index").touch()
    (tmp_path / "model1x.index").touch()
    assert set(own_files(str(tmp_path / "model[1]*"))) == {".index"}


def test_a_file_is_read_once(tmp_path: Path, hashes: Hashes) -> None:
    (tmp_path / "file").write_text("content")
    first = hashes(str(tmp_path / "file"))
    assert fresh(tmp_path)(str(tmp_path / "file")) == first and READ == ["file 1 7"]


def test_a_touched_file_is_read_again_and_is_still_the_same(tmp_path: Path, hashes: Hashes) -> None:
    (tmp_path / "file").write_text("content")
    first = hashes(str(tmp_path / "file"))
    os.utime(tmp_path / "file", ns=(1, 1))
    assert fresh(tmp_path)(str(tmp_path / "file")) == first and READ == ["file 1 7", "file 1 7"]


def test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_is_read_again(
    tmp_path: Path, hashes: Hashes
) -> None:
    file, other = tmp_path / "file", tmp_path / "other"
    file.write_text("content")
    other.write_text("CONTENT")
    first, times = hashes(str(file)), file.stat()
    shutil.copyfile(other, file)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert fresh(tmp_path)(str(file)) != first
    second, inode = fresh(tmp_path)(str(file)), file.stat().st_ino
    file.write_text("content")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (second != first) and file.stat().st_ino == inode and fresh(tmp_path)(str(file)) == first


def test_the_hash_of_a_folder_is_that_of_its_files(tmp_path: Path, hashes: Hashes) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "file").write_text("content")
    assert hashes(str(tmp_path / "one")) == hashes(str(tmp_path / "two"))
    (tmp_path / "two" / "sub" / "file").rename(tmp_path / "two" / "file")
    assert hashes(str(tmp_path / "one")) != hashes(str(tmp_path / "two"))


def test_a_folder_of_several_files_is_shown_as_it_is_unless_links_lead_out_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.jpg").touch()
    (tmp_path / "link").symlink_to(folder)
    assert shown(str(tmp_path / "link"), "photos") == {"": folder}
    (tmp_path / "elsewhere.jpg").touch()
    (folder / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    single = shown(str(folder), "photos")
    assert len(single) == 4 and single["/link.jpg"] == tmp_path / "elsewhere.jpg"


def test_a_folder_is_said_to_be_read_once_and_not_file_by_file(tmp_path: Path, hashes: Hashes) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_text("12345")
    hashes(str(tmp_path), "photos")
    assert [f"{tmp_path.name} 3 15"] == READ
    assert reading("album", 3, 15 << 20) == "reading album (3 files, 15.0 MiB) once, for its hash"
    assert reading("bedroom", 1, 43 << 30) == "reading bedroom (43.0 GiB) once, for its hash"


@pytest.mark.parametrize("kept", ["", "{", "[]", "\udc00", '{"/file": 3}', '{"/file": []}'])
def test_what_was_kept_is_read_anew_where_it_is_damaged(tmp_path: Path, hashes: Hashes, kept: str) -> None:
    (tmp_path / "file").write_text("content")
    first = hashes(str(tmp_path / "file"))
    (tmp_path / "store/files.json").write_bytes(kept.replace("/file", f"{tmp_path}/file").encode("utf-8", "replace"))
    assert fresh(tmp_path)(str(tmp_path / "file")) == first and len(READ) == 2
    assert fresh(tmp_path)(str(tmp_path / "file")) == first and len(READ) == 2


def test_a_store_that_cannot_be_written_keeps_nothing_and_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file, where a folder would be made")
    (tmp_path / "file").write_text("content")
    assert fresh(tmp_path)(str(tmp_path / "file")) == fresh(tmp_path)(str(tmp_path / "file"))
    assert len(READ) == 2


def problem(path: Path, kind: str | None = None) -> str | None:
    """What is wrong with data that a stage is shown."""
    stage = Stage("real", "real", "cpu", (), Resources(0, 1, 1), files={"given": str(path)},
                  kinds={"given": kind} if kind else {})
    return problems(Plan("study", (stage,), {})).get(str(path))


def test_data_that_is_missing_is_named_with_its_place(tmp_path: Path) -> None:
    text = f"is not there; put it at {tmp_path}/celeba.zip"
    assert problem(tmp_path / "celeba.zip") == text


def test_data_that_is_there_is_no_problem(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "celeba.zip", "w") as archive:
        archive.writestr("file", "content")
    assert problem(tmp_path / "celeba.zip") is None
    assert problem(tmp_path / "model-1000") is not None


@pytest.mark.parametrize(("content", "said"), [
    (b"<html>Quota exceeded</html>", "is a web page"), (b"PK\x03\x04 cut off", "is no whole zip archive"),
    (b"version https://git-lfs.github.com/spec/v1", "is a pointer of Git LFS"), (b"", "is empty")])
def test_a_zip_that_is_none_is_found_before_anything_runs(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "celeba.zip").write_bytes(content)
    assert str(problem(tmp_path / "celeba.zip", "celeba")).startswith(said)


@pytest.mark.parametrize(("kind", "file"), [("lsun", "data.mdb"), ("photos", "a.jpg")])
def test_what_a_download_left_in_a_folder_is_found_too(tmp_path: Path, kind: str, file: str) -> None:
    (tmp_path / file).write_text("version https://git-lfs.github.com/spec/v1")
    assert str(problem(tmp_path, kind)).startswith(f"has a file {file} that is a pointer of Git LFS")


def test_what_is_in_a_data_set_is_held_against_what_is_asked_for(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").touch()
    asked = {"resolution": 32, "gan": 4, "train": 3, "validation": 1, "test": 2}
    stage = Stage("data", "real", "cpu", (), Resources(0, 1, 1), asked, files={"archive": str(tmp_path)},
                  kinds={"archive": "photos"})
    assert "has too few photographs (3)" in flaws([stage])[str(tmp_path)]
