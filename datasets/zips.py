"""Zip archives that Python does not read, though others do: in several parts, behind a password, packed otherwise."""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

_PART = re.compile(r"\.(z\d\d|\d{3})", re.IGNORECASE)
_END, _END_BYTES, _LONGEST_COMMENT = b"PK\x05\x06", 22, 1 << 16
_ENCRYPTED = 0x1  # of a member's flags
_METHODS = {9: "deflate64", 93: "zstd", 95: "xz", 98: "PPMd"}
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


def part(path: Path) -> str | None:
    """The complaint of a file that is one part of several."""
    if _PART.fullmatch(path.suffix):
        join = (f"zip -s 0 {path.stem}.zip --out whole.zip" if path.suffix[1] in "zZ"
                else f"cat {path.stem}.* > whole.zip")
        return f"is one part of several; join them ({join}), and name what that makes"
    if _last_of(path):
        join = f"zip -s 0 {path.name} --out whole.zip"
        return f"is the last part of several; join them ({join}), and name what that makes"
    return None


def unreadable(members: Iterable[zipfile.ZipInfo]) -> str | None:
    """The complaint of an archive with members of which only the names can be read."""
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            return "is protected by a password; unpack it, and pack what is in it again without one"
        if member.compress_type not in _KNOWN:
            method = _METHODS.get(member.compress_type, f"method {member.compress_type}")
            return f"is packed with {method}, which is not read here; unpack it, and pack what is in it again"
    return None


def _last_of(path: Path) -> bool:
    """Whether its directory says that it is not the first disk of an archive."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _END_BYTES - _LONGEST_COMMENT))
        tail = stream.read()
    end = tail[tail.rfind(_END):] if _END in tail else b""
    return len(end) >= _END_BYTES and end[4:6] not in (b"\0\0", b"\xff\xff")  # the latter: it says so elsewhere
