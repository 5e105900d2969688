"""Data that no stage makes: is it there, which files are its own, and their hashes, read once."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from orchestration import checkpoints, hashing
from orchestration.stage import Plan, Stage
from orchestration.store import Store, write_json

_NO_DATA = ("lock.mdb",)  # of LMDB: whoever reads changes it


def problems(plan: Plan) -> dict[str, str]:
    """What keeps data of `plan` from being used, and what mends it, by path."""
    needed = {path: stage for stage in plan.stages for path in stage.files.values()}
    found = {path: _problem(stage, Path(path)) for path, stage in needed.items()}
    return {path: problem for path, problem in found.items() if problem}


def own_files(path: str) -> dict[str, Path]:
    """The files that `path` means, links resolved: {what follows the path: file}.

    A file is {"": itself}; the locks of LMDB are left out. All else is as of a checkpoint.
    """
    place = Path(path).absolute()
    return {str(file)[len(str(place)):]: file.resolve() for file in checkpoints.files(place)
            if file.name not in _NO_DATA}


def _problem(stage: Stage, path: Path) -> str | None:
    trouble = checkpoints.problem(stage.name, path)
    if trouble or stage.command[:1] == ("import",):
        return trouble
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
