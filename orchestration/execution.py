"""Runs stages on an engine and brings what they make into the store: the work that the scheduler hands out."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from orchestration import mends
from orchestration.engines import Engine, Job, Result, Running, Tell
from orchestration.errors import StageFailed, Stopped
from orchestration.identity import Identified
from orchestration.stage import Stage
from orchestration.store import Store

_LOCK_POLL_SECONDS = 0.5
_MEANINGS = {
    2: "bad input",
    3: "the device it asks for is not there",
    137: "it was killed (SIGKILL) from outside; the same command continues it",
    143: "it was stopped (SIGTERM) from outside; the same command continues it",
}


class Execution:
    """Runs stages of one study. Thread-safe: every stage is run in a thread of its own."""

    def __init__(self, study: Identified, store: Store, engine: Engine) -> None:
        self._study, self._store, self._engine = study, store, engine
        self._stages = {stage.name: stage for stage in study.plan.stages}
        self._stopping = threading.Event()
        self._running: dict[str, Running] = {}
        self._guard = threading.Lock()

    def run(self, name: str, gpus: tuple[int, ...], tell: Tell) -> None:
        """Run a stage to its end, unless another orchestrator has just done so.

        Raises StageFailed, Stopped, and what the engine raises.
        """
        key = self._study.keys[name]
        with self._lock(key, tell) as lock:
            if not self._store.finished(key):
                self._make(self._job(self._stages[name], gpus, lock), tell)

    def stop(self) -> None:
        """Make everything that runs stop, and nothing start any more. Returns at once."""
        self._stopping.set()
        with self._guard:
            for running in self._running.values():
                running.cancel()

    @contextmanager
    def _lock(self, key: str, tell: Tell) -> Iterator[int]:
        told = False
        while not self._stopping.is_set():
            with self._store.try_lock(key) as lock:
                if lock is not None:
                    yield lock
                    return
            if not told:
                tell({"event": "log", "message": "waiting for another run that is making this stage"})
                told = True
            self._stopping.wait(_LOCK_POLL_SECONDS)
        raise Stopped("stopped before it began")

    def _job(self, stage: Stage, gpus: tuple[int, ...], lock: int) -> Job:
        key = self._study.keys[stage.name]
        config = self._store.begin(key, stage.config)
        made = {mount: self._store.folder(self._study.keys[name]) for mount, name in stage.inputs.items()}
        given = {mount: Path(path).resolve() for mount, path in stage.files.items()}
        return Job(
            stage=stage,
            study=self._study.plan.study,
            key=key,
            out=self._store.partial(key),
            log=self._store.log(key),
            inputs=made | given,
            config=config,
            gpus=gpus,
            store=self._store.root,
            lock=lock,
        )

    def _make(self, job: Job, tell: Tell) -> None:
        started, began = datetime.now(UTC), time.monotonic()
        running = self._engine.start(job)
        result = self._follow(job.stage.name, running, tell)
        if self._stopping.is_set() and result.status != 0:
            raise Stopped(f"{job.stage.name}: stopped")
        if result.status != 0:
            raise StageFailed(_report(job, result))
        seconds = round(time.monotonic() - began, 3)
        run = {"engine": self._engine.name, "started": started.isoformat(timespec="seconds"), "seconds": seconds}
        self._store.finish(job.key, {**self._study.record(job.stage), "image_id": running.image_id, **run})

    def _follow(self, name: str, running: Running, tell: Tell) -> Result:
        with self._guard:
            self._running[name] = running
            if self._stopping.is_set():
                running.cancel()
        try:
            for event in running.events():
                tell(event)
            return running.result()
        finally:
            with self._guard:
                del self._running[name]


def _report(job: Job, result: Result) -> str:
    """All that a person needs to know of a stage that failed."""
    known = mends.mend("\n".join(result.last_lines))
    return "\n".join(
        [
            f"{job.stage.name} failed: {_meaning(job.stage, result)}",
            f"  image:   {job.stage.image} ({job.stage.flavour})",
            f"  command: {shlex.join(job.stage.command)}",
            f"  status:  {result.status}",
            f"  log:     {job.log}",
            *([f"  mend:    {known}"] if known else []),
            "  last lines:" if result.last_lines else "  it wrote nothing",
            *(f"    {line}" for line in result.last_lines),
        ]
    )


def _meaning(stage: Stage, result: Result) -> str:
    if result.out_of_memory:
        limit = stage.resources.memory >> 20
        return f"it ran out of memory (its limit: {limit} MiB); raise `memory` in the manifest, or make batches smaller"
    return _MEANINGS.get(result.status, "it crashed")
