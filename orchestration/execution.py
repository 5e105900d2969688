"""Runs stages on an engine and brings what they make into the store: the work that the scheduler hands out."""

import shlex
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from orchestration import gpus, host, leases, mends, outputs, slots
from orchestration.engines import Detached, Engine, Job, Result, Running
from orchestration.errors import StageFailed, Stopped, UserError
from orchestration.events import USED, Tell, Throttle
from orchestration.keys import KeyedPlan
from orchestration.leases import Lease
from orchestration.stage import Node, Stage
from orchestration.store import OWN_NAMES, Store

_T = TypeVar("_T")
_MEANINGS = {2: "bad input", 3: "the device it asks for is not there",
             137: "it was killed (SIGKILL) from outside; the same command continues it",
             143: "it was stopped (SIGTERM) from outside; the same command continues it"}


class Execution:
    """Runs stages of one plan. Thread-safe: every stage is run in a thread of its own."""

    def __init__(self, wanted: KeyedPlan, store: Store, engine: Engine) -> None:
        self._wanted, self._store, self._engine = wanted, store, engine
        self._stages = {stage.name: stage for stage in wanted.plan.stages}
        self._stopping = threading.Event()
        self._running: dict[str, Running] = {}
        self._guard = threading.Lock()

    def run(self, name: str, node: Node, tell: Tell) -> None:
        """Run a stage to its end on `node`, unless another orchestrator has just done so.

        Raises StageFailed, Stopped, and what the engine raises.
        """
        stage, key = self._stages[name], self._wanted.keys[name]
        with self._turn(partial(self._free, key), "another run that is making this stage", tell) as lease:
            if self._store.finished(key):
                return
            gpus_free = partial(slots.attempt, node.gpus, stage.resources.gpus,
                                node.slots_per_gpu)
            with self._turn(gpus_free, "GPUs that other runs have", tell) as given:
                self._make(self._job(stage, node, lease, given), node, lease, tell)

    def submit(self, name: str, after: Collection[int]) -> int:
        """Have a stage run after others, which were submitted too; returns its number. Raises Full, UserError.

        One that was submitted before is not submitted again.
        """
        assert isinstance(self._engine, Detached)
        stage, key = self._stages[name], self._wanted.keys[name]
        if (number := self._engine.found(self._store.root, key)) is not None:
            return number
        with self._store.lease(key) as lease:
            if lease is None:
                raise UserError(f"{name}: another run follows this stage; end that one first (its jobs go on)")
            job = self._job(stage, Node("", stage.resources), lease, {})
            self._engine.attach(job)  # what an ended job of it left is brought home
            return self._engine.submit(job, after)

    def stop(self) -> None:
        """Make everything that runs stop, and nothing start any more. Returns at once."""
        self._stopping.set()
        with self._guard:
            for running in self._running.values():
                running.cancel()

    @contextmanager
    def _free(self, key: str) -> Iterator[Lease | None]:
        """The lease on a stage, or None if another run has it, or a job of a cluster writes and we are none of it."""
        with self._store.lease(key) as lease:
            yield lease if isinstance(self._engine, Detached) or not self._store.written_by_job(key) else None

    @contextmanager
    def _turn(self, attempt: Callable[[], AbstractContextManager[_T | None]], why: str,
              tell: Tell) -> Iterator[_T]:
        """What `attempt` gives, as soon as it gives something. why: what it is waited for."""
        told = False
        while not self._stopping.is_set():
            with attempt() as got:
                if got is not None:
                    yield got
                    return
            if not told:
                tell({"event": "log", "message": f"waiting for {why}"})
                told = True
            self._stopping.wait(leases.POLL_SECONDS)
        raise Stopped("stopped before it began")

    def _job(self, stage: Stage, node: Node, lease: Lease, slots: Mapping[str, Lease]) -> Job:
        def hold(pid: int) -> None:
            for each in (lease, *slots.values()):
                each.hold(pid)

        key = self._wanted.keys[stage.name]
        config = self._store.begin(key, stage.config)
        made = {mount: self._store.folder(self._wanted.keys[name])
                for mount, name in stage.inputs.items()}
        return Job(stage=stage, study=self._wanted.plan.study, key=key,
                   image=self._wanted.image(stage), out=self._store.partial(key),
                   log=self._store.log(key), inputs=made | self._wanted.given(stage), config=config,
                   gpus=tuple(slots), store=self._store.root, hold=hold,
                   gpu_memory=_gpu_memory(node, tuple(slots)), record=self._wanted.record(stage))

    def _make(self, job: Job, node: Node, lease: Lease, tell: Tell) -> None:
        started, began = datetime.now(UTC), time.monotonic()
        running = self._engine.attach(job) or self._engine.start(job)
        result, used = self._follow(job.stage.name, running, lease, tell)
        if self._stopping.is_set() and result.status != 0:
            raise Stopped(f"{job.stage.name}: stopped")
        if not lease.held():
            raise StageFailed(
                f"{job.stage.name}: another run took it over, as this one was cut off for minutes")
        if result.status != 0:
            raise StageFailed(_report(job, result))
        if self._store.finished(job.key):  # by what ran it, as it may outlive us
            return
        if problem := outputs.problem(job.out, OWN_NAMES):
            raise StageFailed(outputs.refusal(job.stage.name, job.out, problem))
        run = {"image_id": running.image_id, "engine": self._engine.name,
               "host": _host(node, job.gpus), "started": started.isoformat(timespec="seconds"),
               "seconds": round(time.monotonic() - began, 3), **used}
        self._store.finish(job.key, {**self._wanted.record(job.stage), **run})

    def _follow(self, name: str, running: Running, lease: Lease, tell: Tell) -> tuple[Result, dict[str, Any]]:
        """How it ended, and what it took of USED, None where it did not say."""
        used = dict[str, Any].fromkeys(USED)
        with self._guard:
            self._running[name] = running
            if self._stopping.is_set():
                running.cancel()
        throttle = Throttle()
        try:
            for event in running.events():
                used.update((name, event[name]) for name in used.keys() & event.keys())
                if throttle.passes():
                    tell(event)
                if lease.lost:  # another run writes to its folder
                    running.cancel()
            return running.result(), used
        finally:
            with self._guard:
                del self._running[name]


def _gpu_memory(node: Node, given: tuple[str, ...]) -> int | None:
    """Bytes that a stage may take of each GPU that it shares; None: all, or nobody knows what there is."""
    there = gpus.memory(given) if node.slots_per_gpu > 1 else None
    return None if there is None else there // node.slots_per_gpu


def _host(node: Node, given: tuple[str, ...]) -> dict[str, Any]:
    """What stage.json says of where it ran; no part of its key."""
    return {"name": node.name, "processor": host.processor(), "cores": node.resources.cores,
            "gpus": gpus.names(given)}


def _report(job: Job, result: Result) -> str:
    """All that a person needs to know of a stage that failed."""
    known = mends.mend("\n".join(result.last_lines))
    return "\n".join([f"{job.stage.name} failed: {_meaning(job.stage, result)}",
                      f"  image:   {job.stage.image} ({job.stage.flavour})",
                      f"  command: {shlex.join(job.stage.command)}",
                      f"  status:  {result.status}",
                      f"  log:     {job.log}",
                      *([f"  mend:    {known}"] if known else []),
                      "  last lines:" if result.last_lines else "  it wrote nothing",
                      *(f"    {line}" for line in result.last_lines)])


def _meaning(stage: Stage, result: Result) -> str:
    if result.out_of_memory:
        limit = stage.resources.memory >> 20
        return f"it ran out of memory (its limit: {limit} MiB); raise `memory` in the manifest, or make batches smaller"
    return _MEANINGS.get(result.status, "it crashed")
