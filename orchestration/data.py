"""Data that no stage makes: is it there, which files are its own, and their hashes, read once."""

import glob
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from orchestration import hashing
from orchestration.stage import Plan
from orchestration.store import Store, write_json

_NO_DATA = ("lock.mdb",)  # of LMDB: whoever reads changes it


def problems(plan: Plan) -> dict[str, str]:
    """What keeps data of `plan` from being used, and what mends it, by path."""
    needed = {path: stage.name for stage in plan.stages for path in stage.files.values()}
    found = {path: _problem(stage, Path(path)) for path, stage in needed.items()}
    return {path: problem for path, problem in found.items() if problem}


def own_files(path: str) -> dict[str, Path]:
    """The files that `path` means, links resolved: {what follows the path: file}.

    A file is {"": itself}. Of a folder, names that begin with a dot and the locks of LMDB are left out. What
    is neither is the common beginning of several files: their names go on with a dot.
    """
    place = Path(path).absolute()
    if place.is_file():
        return {"": place.resolve()}
    found = sorted(place.rglob("*")) if place.is_dir() else _beginning_with(place)
    return {str(file)[len(str(place)):]: file.resolve() for file in found
            if file.is_file() and not _is_no_data(file.relative_to(place.parent))}


def _beginning_with(place: Path) -> list[Path]:
    return sorted(place.parent.glob(f"{glob.escape(place.name)}.*"))


def _is_no_data(path: Path) -> bool:
    return path.name in _NO_DATA or any(part.startswith(".") for part in path.parts[1:])


def _problem(stage: str, path: Path) -> str | None:
    if not path.exists() and not _beginning_with(path):
        return f"is not there, and the stage {stage} needs it; put it at {path.absolute()}"
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        return "is no whole zip archive (a download page answers so when its quota is spent); download it again"
    return None


class Hashes:
    """Hashes of data. A file that has not changed (size, times, inode) is not read again.

    reading: called with the path of each file before it is read.
    """

    def __init__(self, store: Store, reading: Callable[[Path], None]) -> None:
        self._cache = store.root / "files.json"
        self._reading = reading
        self._known: dict[str, list[object]] = json.loads(self._cache.read_text()) if self._cache.is_file() else {}

    def __call__(self, path: str) -> str:
        """The digest of the files that `path` means, whatever it is called itself."""
        before = dict(self._known)
        found = hashing.digest({suffix: self._file(file) for suffix, file in own_files(path).items()})
        if self._known != before:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._cache, self._known)
        return found

    def _file(self, path: Path) -> str:
        status = path.stat()
        stamp = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        known = self._known.get(str(path))
        if known is not None and known[:-1] == stamp:
            return str(known[-1])
        self._reading(path)
        sha256 = hashing.of_file(path)
        self._known[str(path)] = [*stamp, sha256]
        return sha256
