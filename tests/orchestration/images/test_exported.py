"""Images as folders, made of archives that strangers wrote."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from orchestration.images import exported


def archive(*members: tuple[str, bytes, str]) -> list[bytes]:
    """A tar archive, in chunks of odd sizes. members: (name, type, where a link leads or what a file holds)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as written:
        for name, kind, text in members:
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.uid = kind, 0o4000, 12345
            if kind == tarfile.REGTYPE:
                member.size = len(text)
                written.addfile(member, io.BytesIO(text.encode()))
            else:
                member.linkname = text
                written.addfile(member)
    whole = stream.getvalue()
    return [whole[start:start + 777] for start in range(0, len(whole), 777)]


def test_files_become_the_callers_and_may_be_read(tmp_path: Path) -> None:
    exported._unpack(iter(archive(("a", tarfile.DIRTYPE, ""), ("a/b", tarfile.REGTYPE, "x" * 5000),
                                  ("c", tarfile.SYMTYPE, "/a/b"), ("d", tarfile.LNKTYPE, "a/b"),
                                  ("pipe", tarfile.FIFOTYPE, ""), ("null", tarfile.CHRTYPE, ""))), tmp_path / "root")
    root = tmp_path / "root"
    assert (root / "a/b").read_text() == (root / "d").read_text() == "x" * 5000
    assert (root / "a/b").stat().st_mode & 0o7700 == 0o600 and (root / "a").stat().st_mode & 0o700 == 0o700
    assert (root / "c").readlink() == Path("/a/b") and {path.name for path in root.iterdir()} == {"a", "c", "d"}


@pytest.mark.parametrize("members", [
    (("../out", tarfile.REGTYPE, "x"),),
    (("link", tarfile.SYMTYPE, "/tmp"), ("link/out", tarfile.REGTYPE, "x")),
])
def test_no_file_gets_out(tmp_path: Path, members: tuple[tuple[str, bytes, str], ...]) -> None:
    with pytest.raises(tarfile.FilterError):
        exported._unpack(iter(archive(*members)), tmp_path / "root")
    assert not (tmp_path / "out").exists()


def test_a_place_that_leads_elsewhere_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "tmp").symlink_to("/etc")
    (tmp_path / "config.json").symlink_to(tmp_path / "made")
    for name in ("tmp", "config.json"):
        exported._make_place(tmp_path / name)
    assert not (tmp_path / "tmp").is_symlink() and (tmp_path / "config.json").is_file()
    assert not (tmp_path / "made").exists()
