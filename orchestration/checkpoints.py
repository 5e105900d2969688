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

from orchestration.downloads import download_trouble

_SHARD = re.compile(r"\.data-(\d{5})-of-(\d{5})")
_PART = re.compile(rf"\.(index|meta)|{_SHARD.pattern}")
_NOT_OURS = ("Thumbs.db", "desktop.ini")  # as are names with a dot in front: file managers write them
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp")  # so downloads are called meanwhile
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


def problem(stage: str, path: Path) -> str | None:
    """What keeps a checkpoint from being used by a stage, and what mends it.

    It is the rest of a line that begins with the path.
    """
    place = path.absolute()
    try:
        return (_broken_link(place) or _missing(stage, place, path) or _surrounding(place)
                or _incomplete(place) or _unfit(place))
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


def _missing(stage: str, place: Path, path: Path) -> str | None:
    if place.exists() or _parts(place):
        return None
    known = [prefix(name) for name in _names(place.parent)]
    near = [name for name in known if name.startswith(f"{place.name}.") or name == place.stem] \
        or difflib.get_close_matches(place.name, known, 1, cutoff=0.8)
    if near and near[0].endswith(_UNFINISHED):
        return f"is not there; its download has not ended ({near[0]} is what there is of it)"
    if near:
        return f"is not there; did you mean {path.with_name(near[0])}?"
    return f"is not there, and the stage {stage} needs it; put it at {place}"


def _surrounding(place: Path) -> str | None:
    if place.is_dir() and Path.cwd().is_relative_to(place.resolve()):
        return "is the folder that you are in, or one around it; name the checkpoint in it, or a folder of its own"
    return None


def _incomplete(place: Path) -> str | None:
    """What lacks among the files of a folder, or of TensorFlow."""
    parts = [file.name for file in _parts(place)]
    if not parts:
        return None if files(place) else "has no files in it"
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
