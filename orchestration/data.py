"""Data that no stage makes: is it there, which files are its own, and their hashes, read once."""

import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from datasets import Asked, kinds
from orchestration import checkpoints, hashing
from orchestration.downloads import download_trouble
from orchestration.errors import UserError
from orchestration.stage import Plan, Stage
from orchestration.store import Store, write_json

_ENTRY = 5  # a stamp and a hash


def problems(plan: Plan) -> dict[str, str]:
    """What keeps data of `plan` from being used, as far as a glance tells, and what mends it, by path."""
    needed = {path: stage.kinds.get(mount) for stage in plan.stages for mount, path in stage.files.items()}
    found = {path: _set_problem(kind, Path(path)) if kind else checkpoints.problem(Path(path))
             for path, kind in needed.items()}
    return {path: problem for path, problem in found.items() if problem}


def flaws(stages: Iterable[Stage]) -> dict[str, str]:
    """What is wrong with what is in the data sets of `stages`, where a glance finds nothing; it may take seconds."""
    found = {stage.files[mount]: kinds.load(kind).content(Path(stage.files[mount]), Asked(**stage.config))
             for stage in stages for mount, kind in stage.kinds.items()}
    return {path: flaw for path, flaw in found.items() if flaw}


def own_files(path: str, kind: str | None = None) -> dict[str, Path]:
    """The files that `path` means, links resolved: {what follows the path: file}. A file is {"": itself}.

    kind: of data set, whose files its module of datasets/ knows. All else is as of a checkpoint.
    """
    place = Path(path).absolute()
    found = kinds.load(kind).files(place) if kind else checkpoints.files(place)
    return {str(file)[len(str(place)):]: file.resolve() for file in found}


def shown(path: str, kind: str | None = None) -> dict[str, Path]:
    """What a stage is shown of `path`: {what follows the path: file or folder}.

    Its own file alone; but a folder of several, none of which is a link, is shown as it is: an engine shows
    thousands one by one slowly, or not at all, and not every name.
    """
    place, files = Path(path).absolute(), own_files(path, kind)
    whole = len(files) > 1 and place.is_dir() and all(
        str(file) == f"{place.resolve()}{suffix}" for suffix, file in files.items())
    return {"": place.resolve()} if whole else files


def _set_problem(name: str, path: Path) -> str | None:
    """What is wrong with a data set; the first of its files stands for what a download left in place of all."""
    kind = kinds.load(name)
    try:
        for file in [path, *kind.files(path)[:1]]:
            if file.is_file() and (trouble := download_trouble(file)):
                return trouble if file == path else f"has a file {file.name} that {trouble}"
        return kind.form(path)
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def reading(path: str, count: int, size: int) -> str:
    """What is said before data is read. count: of its files. size: bytes."""
    files = "" if count == 1 else f"{count} files, "
    told = f"{size / (1 << 30):.1f} GiB" if size >> 30 else f"{size / (1 << 20):.1f} MiB"
    return f"reading {path} ({files}{told}) once, for its hash"


class Hashes:
    """Hashes of data. A file that has not changed (size, times, inode) is not read again.

    reading: called before files are read, with the path that means them, their number and their bytes.
    """

    def __init__(self, store: Store, reading: Callable[[str, int, int], None]) -> None:
        self._cache = store.root / "files.json"
        self._reading = reading
        self._known = _remembered(self._cache)

    def __call__(self, path: str, kind: str | None = None) -> str:
        """The digest of the files that `path` means, whatever it is called itself. kind: as of own_files."""
        files = own_files(path, kind)
        stamps = {file: _stamp(file) for file in files.values()}
        if unread := [file for file, stamp in stamps.items() if self._known.get(str(file), [])[:-1] != stamp]:
            self._reading(path, len(unread), sum(int(stamps[file][0]) for file in unread))
            self._known |= {str(file): [*stamps[file], _hash(file)] for file in unread}
            self._remember()
        return hashing.digest({suffix: str(self._known[str(file)][-1]) for suffix, file in files.items()})

    def _remember(self) -> None:
        """Keep what was read for the next time; a store that may only be read has none."""
        with contextlib.suppress(OSError):
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._cache, self._known)


def _remembered(cache: Path) -> dict[str, list[Any]]:
    """{file: [*stamp, sha256]} as it was kept; nothing of what is not whole."""
    try:
        found = json.loads(cache.read_bytes())
    except (OSError, ValueError):
        return {}
    entries = found.items() if isinstance(found, dict) else ()
    return {path: entry for path, entry in entries if isinstance(entry, list) and len(entry) == _ENTRY}


def _hash(file: Path) -> str:
    try:
        return hashing.of_file(file)
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror})") from error


def _stamp(file: Path) -> list[int]:
    """What changes with a file: its times too, of which a copy that keeps one changes the other."""
    status = file.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
