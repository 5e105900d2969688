"""What a stage that runs as a job of Slurm leaves beside the store, until it is done: STORE/.run/KEY.job.

    task.json    what the node is to do
    submitted    the number of the last job
    events       what the stage tells, appended to by every attempt
    end.json     how the last attempt ended, if not well; gone while one runs
    out-NAME     what the attempt NAME writes; at first, NAME is `start`, and it is what others left
    open-NAME    it did not end, as far as is known
    current      the NAME of the last one
    writer.N     the lease of who writes to it
    slurm.log    what Slurm itself says
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration import leases
from orchestration.events import Event
from orchestration.store import write_json

_PROGRESS_SECONDS = 1.0  # between two that are told: a training of days tells millions
_START, _CURRENT = "start", "current"


class Folder:
    """The folder of the stage `key` of the store `root`."""

    def __init__(self, root: Path, key: str) -> None:
        self.path = root / ".run" / f"{key}.job"
        self.writer = self.path / "writer"
        self.log = self.path / "slurm.log"
        self.events = self.path / "events"
        self._guard = threading.Lock()

    def make(self, task: Mapping[str, Any], partial: Path) -> None:
        """Have all that an attempt needs. Nobody may write to `partial`, whose content goes along."""
        self.path.mkdir(exist_ok=True)
        (self.path / "end.json").unlink(missing_ok=True)
        write_json(self.path / "task.json", task)
        self.events.touch()
        if self._current() is None:
            partial.rename(self._out(_START))
            self._set(_CURRENT, _START)

    def task(self) -> dict[str, Any]:
        """What the node is to do."""
        return dict(json.loads((self.path / "task.json").read_text()))

    def submitted(self) -> int | None:
        """The number of the last job, if one was submitted."""
        try:
            return int((self.path / "submitted").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def submit(self, job: int) -> None:
        """Note the number of a job."""
        self._set("submitted", str(job))

    def ended(self) -> dict[str, Any] | None:
        """How the last attempt ended; None while none has."""
        try:
            os.listdir(self.path)  # or NFS goes on to say that it is not there
            return dict(json.loads((self.path / "end.json").read_text()))
        except FileNotFoundError:
            return None

    def end(self, name: str, how: Mapping[str, Any]) -> None:
        """Say how the attempt `name` ended."""
        write_json(self.path / "end.json", {**how})
        self._open(name).unlink(missing_ok=True)

    def tell(self, event: Event) -> None:
        """Add an event."""
        with self._guard, self.events.open("a") as stream:
            stream.write(json.dumps(event) + "\n")

    def is_alone(self) -> bool:
        """Whether nobody writes."""
        return leases.is_free(self.writer)

    def take_over(self, name: str) -> Path:
        """Where the attempt `name` is to write, with all that was written so far. It has the lease of the writer."""
        last, out = str(self._current()), self._out(name)
        self._give(last, out)
        self._open(name).touch()
        self._set(_CURRENT, name)
        shutil.rmtree(self._out(last), ignore_errors=True)
        (self.path / "end.json").unlink(missing_ok=True)
        return out

    def bring_home(self, partial: Path) -> None:
        """Put what was written where every engine looks for it, unless something newer is there; and go."""
        last = self._current()
        newer = partial.is_dir() and any(partial.iterdir())
        if last is not None and self._out(last).is_dir() and not newer:
            self._give(last, partial)
        self.remove()

    def remove(self) -> None:
        """Remove it all."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _give(self, attempt: str, place: Path) -> None:
        """Let `place`, which is empty or not there, have what an attempt wrote."""
        if self._open(attempt).exists():  # it may be alive after all, on a node that was cut off
            shutil.copytree(self._out(attempt), place, symlinks=True, dirs_exist_ok=True)
        else:
            self._out(attempt).replace(place)

    def _current(self) -> str | None:
        try:
            return (self.path / _CURRENT).read_text()
        except FileNotFoundError:
            return None

    def _set(self, name: str, text: str) -> None:
        new = self.path / f"{name}.{uuid.uuid4().hex}"
        new.write_text(text)
        new.replace(self.path / name)

    def _out(self, attempt: str) -> Path:
        return self.path / f"out-{attempt}"

    def _open(self, attempt: str) -> Path:
        return self.path / f"open-{attempt}"


class Slower:
    """Lets one event through now and then."""

    def __init__(self) -> None:
        self._last = -float("inf")

    def passes(self) -> bool:
        """Whether one more is to be told."""
        now = time.monotonic()
        if now - self._last < _PROGRESS_SECONDS:
            return False
        self._last = now
        return True
