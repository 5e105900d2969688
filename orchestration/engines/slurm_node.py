"""What a job of Slurm runs, on the node: one attempt at a stage, from its last checkpoint into the store.

    python -m orchestration.engines.slurm_node STORE KEY

An attempt takes the lease of who writes, so that it is alone, whatever Slurm believes: a node that Slurm took for
dead goes on, and whoever was started in its place waits. It takes over what the last attempt wrote, by renaming it;
what an attempt wrote that did not end, and may be alive after all, it copies.

SIGUSR1: the time limit is near: the stage writes its checkpoint, the job is requeued. SIGTERM: the job is
cancelled or preempted: the stage writes its checkpoint, and Slurm requeues it or does not.

Of our own code only what starts soon is imported here.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import IO, Any

from orchestration import gpus, host, leases, outputs
from orchestration.engines import slurm_folder, slurm_runtime
from orchestration.engines.logs import Log
from orchestration.engines.memory import KillWatch
from orchestration.engines.slurm_folder import STOPPED, Folder
from orchestration.events import USED
from orchestration.leases import Lease
from orchestration.store import OWN_NAMES, Store, reopen

_CHUNK = 1 << 16  # bytes
_TRIES, _TRY_SECONDS = 10, 5.0  # to be requeued: slurmctld may be away
_REST_SECONDS = 10.0  # in which what a stage wrote last is read, though processes that it left have its pipe open
LOST, NOT_STARTED = 137, 127  # statuses, as of a shell


class Attempt:
    """One attempt at a stage. asked: SIGUSR1 or SIGTERM, once it came."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key = store, key
        self._folder = Folder(store.root, key)
        self._task: dict[str, Any] = {}
        restarts = os.environ.get("SLURM_RESTART_COUNT", "0")  # which does not tell two starts of a job apart
        self._name = f"{os.environ.get('SLURM_JOB_ID', '0')}.{restarts}.{uuid.uuid4().hex[:8]}"
        self._asked: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._used = dict[str, Any].fromkeys(USED)

    def run(self) -> int:
        """Make the stage; returns the exit status of the job."""
        for number in (signal.SIGUSR1, signal.SIGTERM):
            signal.signal(number, self._take)
        with self._writer() as lease:
            status = self._unless_finished(lease)
        if status == STOPPED and self._again():
            _requeue()
        return status

    def _again(self) -> bool:
        """Whether what was stopped is to go on in a new time limit."""
        return self._asked == signal.SIGUSR1 and not self._folder.cancelled()

    def _take(self, number: int, _: FrameType | None) -> None:
        self._asked = self._asked or number
        if self._child is not None:
            self._child.terminate()

    @contextmanager
    def _writer(self) -> Iterator[Lease | None]:
        """The lease of who writes, as soon as it is free; None if a signal comes before."""
        while self._asked is None:
            with leases.attempt(self._folder.writer) as lease:
                if lease is not None:
                    yield lease
                    return
            time.sleep(leases.POLL_SECONDS)
        yield None

    def _unless_finished(self, lease: Lease | None) -> int:
        if lease is None:
            return STOPPED
        os.listdir(self._store.root)  # or NFS goes on to say that it is not there
        if self._store.finished(self._key):
            self._folder.remove()
            return 0
        if self._folder.cancelled():
            return STOPPED
        try:
            self._task, attempt = self._folder.task(), self._folder.take_over()
        except FileNotFoundError:
            print(f"{self._folder.path}: it was removed while this job waited; run the study again", file=sys.stderr)
            return 1
        self._folder.tell({"event": "log", "message": f"runs on {_node()}"})
        ended = self._make(self._folder.out(attempt), lease)
        if ended["status"] == 0:
            self._tidy()
        elif lease.held():
            self._folder.end(attempt, ended)
        return int(ended["status"])

    def _tidy(self) -> None:
        """Leave nothing but the finished stage."""
        self._folder.remove()
        with suppress(OSError):  # it is not there, or somebody uses it
            self._store.partial(self._key).rmdir()

    def _make(self, out: Path, lease: Lease) -> dict[str, Any]:
        """Run the stage and, if all is well, bring it into the store; returns how it ended."""
        started, began = datetime.now(UTC), time.monotonic()
        reopen(out)
        with Log(self._store.log(self._key)) as log:
            status, out_of_memory = self._stage(out, lease, log)
        again = status == STOPPED and self._again()
        ended = {"status": status, "out_of_memory": out_of_memory, "again": again, "lines": log.last_lines()}
        if not lease.held():
            return {**ended, "status": LOST}
        if status != 0:
            return ended
        if problem := outputs.problem(out, OWN_NAMES):
            return {**ended, "status": 1, "refused": problem}
        run = {"host": self._host(), "started": started.isoformat(timespec="seconds"),
               "seconds": round(time.monotonic() - began, 3), "job": self._name, **self._used}
        if not self._store.finished(self._key):  # by another engine
            self._store.finish(self._key, {**self._task["record"], **run}, out)
        return ended

    def _stage(self, out: Path, lease: Lease, log: Log) -> tuple[int, bool]:
        """Run the stage to its end; returns its status, and whether memory ran out."""
        memory = KillWatch()
        scratch = Path(tempfile.mkdtemp(prefix="ganfp-"))
        try:
            try:
                self._child = self._start(out, scratch)
            except OSError as error:
                log.errors(f"{self._task['program']}: {error.strerror}; see orchestrate.py doctor\n".encode())
                return NOT_STARTED, False
            if self._asked is not None:
                self._child.terminate()
            readers = [threading.Thread(target=work, args=(stream, log), daemon=True) for work, stream in
                       ((self._read_output, self._child.stdout), (_read_errors, self._child.stderr))]
            for reader in readers:
                reader.start()
            status = self._wait(lease)
            for reader in readers:
                reader.join(_REST_SECONDS)
            for event in log.end():
                self._folder.tell(event)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        return status if status >= 0 else 128 - status, status in (-9, 137) and memory.saw_one()

    def _wait(self, lease: Lease) -> int:
        """How the stage ended, which is killed if it has lost its lease or takes too long to end."""
        assert self._child is not None
        until = None
        while True:
            try:
                return self._child.wait(timeout=1)
            except subprocess.TimeoutExpired:
                if self._asked is not None:
                    until = until or time.monotonic() + float(self._task["save"])
                if lease.lost or (until is not None and time.monotonic() > until):
                    self._child.kill()

    def _start(self, out: Path, scratch: Path) -> subprocess.Popen[bytes]:
        task = self._task
        kind, program = task["runtime"], task["program"]
        given = {name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES",) if name in os.environ}
        variables = {**task["variables"], **given}
        start = slurm_runtime.Start(
            root=Path(task["root"]), folder=task["folder"], words=task["words"], variables=variables,
            shown={place: Path(path) for place, path in task["shown"].items()}, out=out, scratch=scratch,
            gpus=task["gpus"] > 0)
        own = slurm_runtime.environment(kind, program, variables)
        return subprocess.Popen(slurm_runtime.command(kind, program, start), env={**os.environ, **own},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def _read_output(self, stream: IO[bytes], log: Log) -> None:
        throttle = slurm_folder.Slower()
        for chunk in iter(lambda: stream.read1(_CHUNK), b""):  # type: ignore[attr-defined]
            for event in log.output(chunk):
                self._used.update((name, event[name]) for name in self._used.keys() & event.keys())
                if event["event"] != "progress" or throttle.passes():
                    self._folder.tell(event)

    def _host(self) -> dict[str, Any]:
        visible = [gpu for gpu in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if gpu and self._task["gpus"]]
        return {"name": _node(), "processor": host.processor(), "cores": self._task["record"]["resources"]["cores"],
                "gpus": gpus.names(visible)}


def _requeue() -> None:
    """Have Slurm end this job and start it again, which it may need some time for."""
    for _ in range(_TRIES):
        if subprocess.run(["scontrol", "requeue", os.environ["SLURM_JOB_ID"]], check=False).returncode == 0:
            return
        time.sleep(_TRY_SECONDS)


def _read_errors(stream: IO[bytes], log: Log) -> None:
    for chunk in iter(lambda: stream.read1(_CHUNK), b""):  # type: ignore[attr-defined]
        log.errors(chunk)


def _node() -> str:
    return os.environ.get("SLURMD_NODENAME", "this machine")


if __name__ == "__main__":
    sys.exit(Attempt(Store(Path(sys.argv[1])), sys.argv[2]).run())
