"""Photographs of one's own: a folder of PNG, JPEG and WebP files, of which each belongs to one split alone.

As many photographs as images: each gives one, its centre. Fewer: each gives several, crops of it; then it needs
twice the resolution, so that crops differ and none is enlarged.
"""

import zipfile
from collections.abc import Sequence
from pathlib import Path

from datasets import Asked, Unusable, pictures, places

_MOST_LINKS = 1000  # what an engine can be asked to show one by one
_SPLITS = 4


def name(path: Path) -> str:
    """What people call them."""
    return "own photographs"


def files(path: Path) -> list[Path]:
    """The pictures in the folder: not what lies below it, nor other files, which viewers and cameras add."""
    return pictures.inside(path) if path.is_dir() else []


def form(path: Path) -> str | None:
    """What is wrong with the folder at a glance."""
    if path.is_file():
        return _file(path)
    if not path.is_dir():
        return places.missing(path)
    found = files(path)
    if not found:
        return pictures.nothing(path)
    if broken := next((file for file in found if not file.exists()), None):
        return f"has a link that leads nowhere, {broken.name}; remove it, or bring back what it leads to"
    if sum(file.is_symlink() for file in found) > _MOST_LINKS:
        return f"has more than {_MOST_LINKS} links to files elsewhere; name the folder where these are, or copy them"
    return None


def content(path: Path, asked: Asked) -> str | None:
    """What is wrong with the number of photographs, or with their sizes."""
    return judged(files(path), asked)


def judged(found: Sequence[Path], asked: Asked) -> str | None:
    """The same of some photographs."""
    if len(found) < _SPLITS:
        return (f"has too few photographs ({len(found)}): the four splits need one each at least, as none is in two; "
                "add photographs")
    least = smallest_side(len(found), asked)
    try:
        small = [file for file in found if min(pictures.size(file)) < least]
    except Unusable as error:
        return f"has something that is no photograph: {error}; remove it"
    if small:
        return (f"has {len(small)} photographs of {len(found)} that are too small, {small[0].name} the first: their "
                f"shorter side needs {least} pixels at resolution {asked.resolution}{_why(len(found), asked)}; "
                "remove them, or choose a lower resolution")
    return None


def single(photographs: int, asked: Asked) -> bool:
    """Whether there are enough for each to give one image alone."""
    return photographs >= sum(asked.splits)


def smallest_side(photographs: int, asked: Asked) -> int:
    """Pixels that the shorter side of each needs."""
    return asked.resolution if single(photographs, asked) else 2 * asked.resolution


def _why(photographs: int, asked: Asked) -> str:
    return "" if single(photographs, asked) else f", as they are fewer than the {sum(asked.splits)} images asked for"


def _file(path: Path) -> str:
    if zipfile.is_zipfile(path):
        return "is a zip file, where a folder of photographs is expected; unzip it, and name the folder"
    return "is a file, where a folder of photographs is expected; name the folder"
