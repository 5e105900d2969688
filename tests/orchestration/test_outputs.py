"""What is kept of what a stage left, and what of it is read."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from orchestration import outputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A stage's folder with a file in a folder, beside a file that is none of its business."""
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "a" / "file").write_text("{}")
    (tmp_path / "precious").write_text("{}")
    return tmp_path / "out"


def test_files_folders_and_links_within_are_fine(folder: Path) -> None:
    (folder / "latest").symlink_to("a")
    (folder / "a" / "up").symlink_to("../latest/file")
    os.link(folder / "a" / "file", folder / "twice")
    assert outputs.problem(folder, ("stage.log",)) is None


@pytest.mark.parametrize(("name", "target", "said"), [
    ("a/x", "../../precious", "a/x is a link that leads out of it"),
    ("x", "{}/precious", "x is a link that leads out of it"),
    ("x", "{}/out/a", "x is a link that leads out of it"),
    ("x", "/dev/null", "x is a link that leads out of it"),
    ("x", "nothing", "x is a link that leads nowhere"),
    ("x", "x", "x is a link that leads nowhere"),
    ("a/x", "..", "a/x is a link to a folder around it"),
    ("x\n\x1b", "/", r"x\n\x1b is a link that leads out of it")])
def test_other_links_are_named(folder: Path, name: str, target: str, said: str) -> None:
    (folder / name).symlink_to(target.format(folder.parent))
    assert outputs.problem(folder) == said


def test_a_chain_of_links_that_no_kernel_follows_leads_nowhere(folder: Path) -> None:
    for number in range(2000):
        (folder / f"l{number:04d}").symlink_to(f"l{number + 1:04d}")
    (folder / "l2000").touch()
    assert outputs.problem(folder) == "l0000 is a link that leads nowhere"


def test_what_is_no_file_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "a" / "x")
    assert outputs.problem(folder) == "a/x is a pipe"
    (folder / "a" / "x").unlink()
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("x")
        assert outputs.problem(folder) == "x is a socket"


def test_a_name_of_the_stores_is_taken(folder: Path) -> None:
    (folder / "a" / "stage.log").touch()
    assert outputs.problem(folder, ("stage.log",)) is None
    (folder / "stage.log").mkdir()
    assert outputs.problem(folder, ("stage.log",)) == "stage.log is a name that only the store gives"


def test_a_folder_that_is_too_deep_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for _ in range(50):
        Path("d" * 100).mkdir()
        os.chdir("d" * 100)
    said = outputs.problem(folder)
    assert said is not None and said.endswith("... cannot be read (File name too long)") and len(said) < 300


def test_a_json_file_is_read(folder: Path) -> None:
    assert outputs.read_json(folder / "a" / "file") == {}


def test_what_is_no_file_of_json_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "link").symlink_to("../precious")
    os.mkfifo(folder / "pipe")
    (folder / "deep").write_text("[" * 100_000)
    (folder / "binary").write_bytes(b"\xff\xfe\xfd")
    monkeypatch.setattr(outputs, "LARGEST_JSON", 1 << 20)
    (folder / "large").write_text(f'"{"x" * (1 << 20)}"')
    for name in ("link", "pipe", "deep", "binary", "large", "a", "none"):
        with pytest.raises((OSError, ValueError)):
            outputs.read_json(folder / name)
