"""What a stage that runs as a job of Slurm leaves beside the store, until it is done: STORE/.run/KEY.job.

    task.json    what the node is to do
    submitted    the number of the last job
    events       what the stage tells, appended to by every attempt
    cancelled    somebody wanted that it does not run
    end.json     how the last attempt ended, if not well; gone while one runs
    out-N        what the attempt N writes, of which the last counts; out-0 is what others left
    open-N       the attempt N did not end, as far as is known
    slurm.log    what Slurm itself says

Who writes to it, or takes it away, has the lease STORE/.run/KEY.writer.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from orchestration import leases
from orchestration.events import Event
from orchestration.store import write_json

_PROGRESS_SECONDS = 1.0  # between two that are told: a training of days tells millions
STOPPED = 143  # the status in end.json of what was told to save, and did
_JUST_NOW_SECONDS = 60.0
_OUT = "out-"


class Folder:
    """The folder of the stage `key` of the store `root`."""

    def __init__(self, root: Path, key: str) -> None:
        self.path = root / ".run" / f"{key}.job"
        self.writer = self.path.with_name(f"{key}.writer")
        self.log = self.path / "slurm.log"
        self.events = self.path / "events"
        self._guard = threading.Lock()

    def make(self, task: Mapping[str, Any], partial: Path) -> None:
        """Have all that an attempt needs. Nobody may write to `partial`, whose content goes along."""
        self.path.mkdir(exist_ok=True)
        for name in ("end.json", "cancelled"):
            (self.path / name).unlink(missing_ok=True)
        write_json(self.path / "task.json", task)
        self.events.touch()
        if not self._attempts():
            partial.rename(self.out(0))

    def task(self) -> dict[str, Any]:
        """What the node is to do."""
        return dict(json.loads((self.path / "task.json").read_text()))

    def submitted(self) -> bool:
        """Whether a job was submitted."""
        return (self.path / "submitted").is_file()

    def submitted_just_now(self) -> bool:
        """Whether one was in the last minute."""
        with suppress(FileNotFoundError):
            return time.time() - (self.path / "submitted").stat().st_mtime < _JUST_NOW_SECONDS
        return False

    def submit(self, job: int) -> None:
        """Note the number of a job."""
        new = self.path / f"submitted.{uuid.uuid4().hex}"
        new.write_text(str(job))
        new.replace(self.path / "submitted")

    def cancel(self) -> None:
        """Have no attempt begin, and none begin again, until the next job is submitted."""
        with suppress(FileNotFoundError):
            (self.path / "cancelled").touch()

    def cancelled(self) -> bool:
        """Whether none is to begin."""
        return (self.path / "cancelled").exists()

    def ended(self) -> dict[str, Any] | None:
        """How the last attempt ended; None while none has."""
        try:
            os.listdir(self.path)  # or NFS goes on to say that it is not there
            return dict(json.loads((self.path / "end.json").read_text()))
        except FileNotFoundError:
            return None

    def end(self, attempt: int, how: Mapping[str, Any]) -> None:
        """Say how an attempt ended."""
        write_json(self.path / "end.json", {**how})
        self._open(attempt).unlink(missing_ok=True)

    def tell(self, event: Event) -> None:
        """Add an event."""
        with self._guard, self.events.open("a") as stream:
            stream.write(json.dumps(event) + "\n")

    def is_alone(self) -> bool:
        """Whether nobody writes."""
        return leases.is_free(self.writer)

    def take_over(self) -> int:
        """The number of a new attempt, to which all goes that was written so far. The caller has the lease.

        Raises FileNotFoundError if it was brought home.
        """
        last = max(self._attempts(), default=None)
        if last is None:
            raise FileNotFoundError(self.path)
        self._open(last + 1).touch()
        self._give(last, self.out(last + 1))
        (self.path / "end.json").unlink(missing_ok=True)
        return last + 1

    def out(self, attempt: int) -> Path:
        """Where an attempt writes."""
        return self.path / f"{_OUT}{attempt}"

    def bring_home(self, partial: Path) -> None:
        """Put what was written where every engine looks for it, unless something newer is there, and go.

        Nothing is done while somebody writes.
        """
        with leases.attempt(self.writer) as lease:
            if lease is None:
                return
            newer = partial.is_dir() and any(partial.iterdir())
            if (attempts := self._attempts()) and not newer:
                self._give(max(attempts), partial)
            self.remove()

    def remove(self) -> None:
        """Remove it all."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _give(self, attempt: int, place: Path) -> None:
        """Let `place`, which is empty or not there, have what an attempt wrote; it appears there by rename."""
        source = self.out(attempt)
        if self._open(attempt).exists():  # it may be alive after all, on a node that was cut off
            source = self.path / f"copy-{uuid.uuid4().hex}"
            shutil.copytree(self.out(attempt), source, symlinks=True, copy_function=_copy)
        source.replace(place)
        shutil.rmtree(self.out(attempt), ignore_errors=True)

    def _attempts(self) -> list[int]:
        """The numbers of those whose folders are there."""
        with suppress(FileNotFoundError):
            ends = [name.removeprefix(_OUT) for name in os.listdir(self.path) if name.startswith(_OUT)]
            return [int(end) for end in ends if end.isdecimal()]
        return []

    def _open(self, attempt: int) -> Path:
        return self.path / f"open-{attempt}"


def _copy(source: str, target: str) -> None:
    """Copy a file, unless it is gone by now."""
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)


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
