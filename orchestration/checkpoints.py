"""Checkpoints as they were published: which files one is, and what is wrong with it, known before a stage runs.

A checkpoint is a file, a folder, or the common beginning of the files of TensorFlow: NAME.index, NAME.meta
and NAME.data-00000-of-00001.
"""

import difflib
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from datasets import places
from orchestration.downloads import download_trouble

_SHARD = re.compile(r"\.data-(\d{5})-of-(\d{5})")
_PART = re.compile(rf"\.(index|meta)|{_SHARD.pattern}")
_NOT_OURS = ("Thumbs.db", "desktop.ini")  # as are names with a dot in front: file managers write them
_PICKLE, _OF_PYTORCH = b"\x80", b"\x80\x02\x8a\x0a\x6c\xfc"  # how they begin; PyTorch's goes on behind its pickle


def prefix(checkpoint: str) -> str:
    """The path of a checkpoint without the ending of one of TensorFlow's files."""
    return re.sub(rf"({_PART.pattern})$", "", checkpoint)


def files(place: Path) -> list[Path]:
    """The files that a checkpoint is; none if it is not there. Of a folder, all but hidden ones."""
    parts = _parts(place)
    if parts or place.is_file():
        return parts or [place]
    return sorted(_below(place)) if place.is_dir() else []


def problem(path: Path) -> str | None:
    """What keeps a checkpoint from being used, and what mends it: the rest of a line that begins with the path."""
    place = path.absolute()
    try:
        if not (place.exists() or place.is_symlink() or _parts(place)):
            return places.missing(path, called=prefix)
        return _broken_link(place) or _surrounding(place) or _incomplete(place) or _unfit(place)
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _parts(place: Path) -> list[Path]:
    """The files of TensorFlow that begin with a name; none if it has no index and is a file or folder itself."""
    parent, name = place.parent, place.name
    found = [parent / each for each in _names(parent)
             if each.startswith(name) and _PART.fullmatch(each[len(name):])]
    return found if parent / f"{name}.index" in found or not place.exists() else []


def _names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def _below(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """The files of a folder and of those below it, links to folders followed once."""
    for entry in folder.iterdir():
        if entry.name.startswith(".") or entry.name in _NOT_OURS:
            continue
        if entry.is_dir() and (real := entry.resolve()) not in above:
            yield from _below(entry, (*above, real))
        elif entry.is_file() or _broken_link(entry):
            yield entry


def _broken_link(place: Path) -> str | None:
    if place.is_symlink() and not place.exists():
        return f"is a link to {os.readlink(place)}, which is not there; mount its disk, or put the file in its place"
    return None


def _surrounding(place: Path) -> str | None:
    if place.is_dir() and Path.cwd().is_relative_to(place.resolve()):
        return "is the folder that you are in, or one around it; name the checkpoint in it, or a folder of its own"
    return None


def _incomplete(place: Path) -> str | None:
    """What lacks among the files of a folder, or of TensorFlow."""
    parts = [file.name for file in _parts(place)]
    if not parts:
        empty = "has no files in it" if place.is_dir() else "is neither a file nor a folder"
        return None if files(place) else empty
    count = next((int(found[2]) for name in parts if (found := _SHARD.search(name))), 1)
    wanted = (".index", *(f".data-{number:05d}-of-{count:05d}" for number in range(count)))
    for name in (place.name + ending for ending in wanted):
        if name not in parts:
            others = [other for other in _names(place.parent) if other not in parts]
            near = difflib.get_close_matches(name, others, 1)
            return f"lacks its file {name}; " + (f"rename {near[0]}" if near else f"put it at {place.parent}")
    return None


def _unfit(place: Path) -> str | None:
    """What a download left in place of a file, or of a part of it."""
    for file in files(place):
        if file.exists() and place.is_dir() and not file.stat().st_size:
            continue  # an empty file of a folder may mean something
        trouble = _broken_link(file) or download_trouble(file) or _cut_off(file)
        if trouble:
            return trouble if file == place else f"has a file {file.name} that {trouble}"
    return None


def _cut_off(file: Path) -> str | None:
    """Whether a file does not end as what its name says it is."""
    if file.suffix in (".npz", ".zip") and not zipfile.is_zipfile(file):
        return "is no whole zip archive: its download was cut off; download it again"
    if file.suffix in (".pkl", ".pickle"):
        with file.open("rb") as stream:
            start = stream.read(len(_OF_PYTORCH))
            stream.seek(-1, os.SEEK_END)
            if start.startswith(_PICKLE) and start != _OF_PYTORCH and stream.read() != b".":
                return "is no whole pickle: its download was cut off; download it again"
    return None
