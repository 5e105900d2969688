"""CelebA: `img_align_celeba.zip`, 202,599 aligned faces, JPEGs that are numbered from 000001.jpg on.

Packed again, as Kaggle and many others have it, the faces may lie in any one folder of the zip, or in none.
"""

import lzma
import re
import shlex
import struct
import zipfile
import zlib
from pathlib import Path

from datasets import Asked, Unusable, places, zips

_FOLDER = "img_align_celeba"
_LONGEST_NAME, _NAMED = 200, 3  # characters of a member's name; folders that a complaint names
_FACE = re.compile(r"(?:(.*)[/\\])?(\d{6})\.jpe?g", re.IGNORECASE)
BROKEN = (zipfile.BadZipFile, OSError, EOFError, zlib.error, lzma.LZMAError, struct.error, ValueError, RuntimeError,
          NotImplementedError)  # what a damaged archive raises, packed one way or the other
FETCH = ("download img_align_celeba.zip (Align&Cropped Images) from the CelebA page of the Multimedia Laboratory, "
          "The Chinese University of Hong Kong")


def name(path: Path) -> str:
    """What people call it."""
    return "CelebA"


def files(path: Path) -> list[Path]:
    """The zip file itself."""
    return [path]


def form(path: Path) -> str | None:
    """What is wrong with the file at a glance."""
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        return places.missing(path, FETCH)
    if trouble := zips.part(path):
        return trouble
    if not zipfile.is_zipfile(path):
        return ("is no whole zip archive (cut off, or the page that a download answers with when its quota is spent); "
                f"{FETCH} again")
    return None


def content(path: Path, asked: Asked) -> str | None:
    """What is wrong with the list of its members."""
    try:
        with zipfile.ZipFile(path) as archive:
            return asked.of(len(faces(archive)))
    except BROKEN as error:
        return f"is no whole zip archive ({error!s:.100}); {FETCH} again"
    except Unusable as error:
        return str(error)


def faces(archive: zipfile.ZipFile) -> list[str]:
    """The members that are faces, in the order of their numbers: 1, 2 and so on without a gap.

    Raises Unusable, with a complaint, for an archive without them, or with such as cannot be unpacked.
    """
    folders: dict[str, dict[int, str]] = {}
    for member in filter(_is_shown, archive.namelist()):
        if (found := _FACE.fullmatch(member)) and "__MACOSX" not in member:
            folders.setdefault(found[1] or "", {})[int(found[2])] = member
    folder = _chosen(folders)
    numbered = folders[folder]
    if gap := next((number for number in range(1, len(numbered) + 1) if number not in numbered), None):
        place = f"{folder}/{gap:06d}.jpg".lstrip("/")
        raise Unusable(f"the member {place} is missing; {FETCH} again")
    names = [numbered[number] for number in sorted(numbered)]
    if trouble := zips.unreadable(map(archive.getinfo, names)):
        raise Unusable(trouble)
    return names


def _chosen(folders: dict[str, dict[int, str]]) -> str:
    """The one folder of a zip that holds the faces."""
    called = [folder for folder in folders if re.split(r"[/\\]", folder)[-1].lower() == _FOLDER]
    chosen = called if len(called) == 1 else list(folders)
    if not chosen:
        raise Unusable(f"has no member {_FOLDER}/000001.jpg, nor any 000001.jpg; {FETCH}")
    if len(chosen) > 1:
        some = ", ".join(sorted(chosen)[:_NAMED]) + (", ..." if len(chosen) > _NAMED else "")
        raise Unusable(f"has numbered JPEGs in several folders ({some}); pack one of them alone")
    return chosen[0]


def _is_shown(member: str) -> bool:
    """Whether a name fits a line of a complaint; a damaged directory holds anything."""
    return len(member) <= _LONGEST_NAME and member.isprintable()


def _folder(path: Path) -> str:
    inside = path / f"{_FOLDER}.zip"
    beside = path.absolute().parent / f"{path.absolute().name}.zip"
    meant = next((zipped for zipped in (inside, beside) if zipped.is_file()), None)
    if meant:
        return f"is a folder, where {_FOLDER}.zip is expected; did you mean {meant}?"
    return (f"is a folder, where {_FOLDER}.zip is expected as it was downloaded; name that, or pack the faces again "
            f"(zip -0 -r -q {_FOLDER}.zip {shlex.quote(path.name or '.')})")
