"""What downloads leave in place of files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from orchestration.downloads import download_trouble

_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 173\n"


@pytest.mark.parametrize(("content", "said"), [
    (b"", "is empty"),
    (b"<!DOCTYPE html><title>Google Drive - Quota exceeded", "is a web page"),
    (b"\xef\xbb\xbf\r\n <HTML lang=de>", "is a web page"),
    (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is a web page"),
    (b'{"error": "Repository not found"}', 'is a server\'s answer in place of the file ({"error": "Repository'),
    (b"404: Not Found", "is a server's answer in place of the file (404: Not Found)"),
    (_POINTER, "is a pointer of Git LFS, not the file it stands for; run `git lfs pull`"),
    (b"/annex/objects/SHA256E-s1--aa.pkl\n", "run `git annex get`"),
    (gzip.compress(b"weights"), "is packed with gzip, which its name does not say"),
    (b"7z\xbc\xaf\x27\x1c\0\4", "is packed with 7z")])
def test_what_is_not_the_file_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "celeba.pkl").write_bytes(content)
    assert said in str(download_trouble(tmp_path / "celeba.pkl"))


@pytest.mark.parametrize("content", [
    b"\x80\x04\x95", b"PK\x03\x04", b"\0", b"(lp0\n.", b"<!\0\0\0\0\0\0{", b'model_checkpoint_path: "model-1"\n',
    b"4040", b"\x1f", b"BZ"])
def test_what_may_be_the_file_is_no_trouble(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert download_trouble(tmp_path / "file") is None


def test_json_whose_name_says_so_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "stage.json").write_text('{"code": {}}')
    assert download_trouble(tmp_path / "stage.json") is None


def test_a_packed_file_whose_name_says_so_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "weights.PT.GZ").write_bytes(gzip.compress(b"weights"))
    assert download_trouble(tmp_path / "weights.PT.GZ") is None


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert download_trouble(tmp_path) == "cannot be read (Is a directory)"
