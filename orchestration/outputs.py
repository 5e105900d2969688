"""What containers left behind, for which nobody vouches: no link is followed, no pipe waited for, nothing
read without end.
"""

import json
import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from orchestration.text import printable

LARGEST_JSON = 64 << 20  # bytes; attribution.json of 100,000 pictures has some 10
_ODD = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


def problem(folder: Path, taken: Collection[str] = ()) -> str | None:
    """What keeps `folder`, to which nothing writes any more, from being kept: one line that names a file, or None.

    Files and folders may be in it, and links that stay inside. taken: names that nothing in it may have.
    """
    try:
        if not os.access(folder, os.W_OK | os.X_OK):
            return "its folder may not be written any more"
        for entry in _entries(folder):
            place = Path(entry.path)
            if odd := _odd(place, folder.resolve()):
                return f"{_shown(place, folder)} is {odd}"
            if place.parent == folder and place.name in taken:
                return f"{_shown(place, folder)} is a name that only the store gives"
    except OSError as error:
        return f"{_shown(Path(error.filename), folder)} cannot be read ({error.strerror})"
    return None


def refusal(stage: str, folder: Path, problem: str) -> str:
    """What is said of a stage that left something which is not kept."""
    return (f"{stage} failed: what it left in {folder} is refused: {problem}; a stage may leave files, folders, and "
            "links from one to another")


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises OSError; ValueError for a link, for what is no file, no JSON, or larger than LARGEST_JSON.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"{path}: no file")
        content = stream.read(LARGEST_JSON + 1)
    if len(content) > LARGEST_JSON:
        raise ValueError(f"{path}: more than {LARGEST_JSON} bytes")
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply") from None


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All that is in `folder` and below it, in the order of names."""
    folders = [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                yield entry
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)


def _odd(place: Path, folder: Path) -> str | None:
    """What it is, if it is no file, folder or link that stays in `folder`, an absolute path without links."""
    mode = place.lstat().st_mode
    if not stat.S_ISLNK(mode):
        return _ODD.get(stat.S_IFMT(mode))
    if not place.exists():  # asked before it is resolved: the kernel gives up on loops and long chains
        return "a link that leads nowhere"
    target = place.resolve()
    if not target.is_relative_to(folder) or place.readlink().is_absolute():  # which no renaming would follow
        return "a link that leads out of it"
    return "a link to a folder around it" if place.parent.resolve().is_relative_to(target) else None


def _shown(place: Path, folder: Path) -> str:
    """The path of a file below `folder`, short enough for a line."""
    return printable(str(place.relative_to(folder)), 200)
