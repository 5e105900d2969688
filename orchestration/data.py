"""Data files that no stage makes: are they there, and their hashes, read once."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from orchestration import hashing
from orchestration.stage import Plan, Stage
from orchestration.store import Store, write_json


def problems(plan: Plan) -> dict[str, str]:
    """What keeps files and folders of `plan` from being used, and what mends it, by path."""
    found: dict[str, str] = {}
    for stage in plan.stages:
        for path in _paths(stage):
            problem = _problem(stage.name, path)
            if problem:
                found[str(path)] = problem
    return found


def _problem(stage: str, path: Path) -> str | None:
    if not path.exists() and not list(path.parent.glob(f"{path.name}.*")):
        return f"is not there, and the stage {stage} needs it; put it at {path.absolute()}"
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        return "is no whole zip archive (a download page answers so when its quota is spent); download it again"
    return None


def _paths(stage: Stage) -> list[Path]:
    """The files and folders that a stage is shown and, below them, those that its command names.

    What a command names may be the common beginning of several files, as TensorFlow writes its checkpoints.
    """
    shown = {f"{{in}}/{mount}": path for mount, path in stage.files.items()}
    named = [
        Path(path + word.removeprefix(place))
        for word in stage.command
        for place, path in shown.items()
        if word == place or word.startswith(f"{place}/")
    ]
    return named or [Path(path) for path in shown.values()]


class Hashes:
    """Hashes of files and folders. A file of known path, size and time of change is not read again.

    reading: called with the path of each file before it is read.
    """

    def __init__(self, store: Store, reading: Callable[[Path], None]) -> None:
        self._cache = store.root / "files.json"
        self._reading = reading
        self._known: dict[str, list[object]] = json.loads(self._cache.read_text()) if self._cache.is_file() else {}

    def __call__(self, path: str) -> str:
        """The sha256 of a file; of a folder, the digest of what is in it."""
        before, place = dict(self._known), Path(path).absolute()
        found = self._folder(place) if place.is_dir() else self._file(place)
        if self._known != before:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._cache, self._known)
        return found

    def _folder(self, folder: Path) -> str:
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return hashing.digest({str(file.relative_to(folder)): self._file(file) for file in files})

    def _file(self, path: Path) -> str:
        status = path.stat()
        stamp = [status.st_size, status.st_mtime_ns]
        known = self._known.get(str(path))
        if known is not None and known[:2] == stamp:
            return str(known[2])
        self._reading(path)
        sha256 = _sha256(path)
        self._known[str(path)] = [*stamp, sha256]
        return sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
