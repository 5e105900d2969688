"""Slurm: one job a stage, on the nodes of a cluster. Jobs outlive the orchestrator, which finds them again.

What runs on the node is slurm_node; what both know of each other lies in the folder of slurm_folder. The
repository, its .venv and the store are at the same place on every node.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestration.engines import Full, Job, Result, docker_engine, slurm_node, slurm_queue, slurm_runtime, slurm_site
from orchestration.engines.slurm_folder import STOPPED, Folder
from orchestration.engines.slurm_queue import Entry, Queue
from orchestration.errors import NoEngine, StageFailed, UserError
from orchestration.events import Event, Tell, parsed
from orchestration.images import Image, exported
from orchestration.images.answers import Said
from orchestration.images.exported import Exported
from orchestration.outputs import refusal
from orchestration.repository import REPOSITORY
from orchestration.stage import Node
from orchestration.store import Store
from orchestration.text import printable

_LOOK_SECONDS, _SELDOM_SECONDS = 0.1, 5.0  # between two looks at what a job wrote: at first, and after two minutes
_TAIL = 4096  # bytes of old events from which one learns how far a job is
_LINES = 10  # of what Slurm wrote, that are told
_UNSEEN_TIMES = 3  # that a job may vanish before anything of it began, as when slurmctld is killed
_FORBIDDEN = ":,"  # in paths: they mean something to what mounts


def connect() -> SlurmEngine:
    """The cluster whose commands are here. Raises NoEngine, and UserError for what site.yaml says."""
    site = slurm_site.read()
    kind, program = _runtime(site.runtime)
    engine = SlurmEngine(site, kind, program)
    engine.queue.now()
    return engine


def _runtime(wanted: str | None) -> tuple[str, str]:
    """What starts images, and the program of it."""
    for kind, names in slurm_runtime.PROGRAMS.items():
        for name in names if wanted in (None, kind) else ():
            if program := shutil.which(name):
                return kind, program
    asked = " or ".join(name for kind, names in slurm_runtime.PROGRAMS.items() if wanted in (None, kind)
                        for name in names)
    raise NoEngine(f"nothing here starts images ({asked}); install Apptainer, or load its module (module load "
                   "apptainer), on the login node and on every other")


class SlurmEngine:
    """Submits stages as jobs. queue: what Slurm says of them."""

    name, caution = "slurm", ""
    parting = ("detaching: what is queued or runs goes on; the same command comes back to it, `orchestrate.py cancel "
               "MANIFEST` ends it")

    def __init__(self, site: slurm_site.Site, kind: str, program: str) -> None:
        self.site, self.kind, self.program, self.queue = site, kind, program, Queue()
        self._images: dict[str, Exported] = {}

    def nodes(self) -> tuple[Node, ...]:
        """One for each job that may be in the queue, as large as the largest there is: Slurm finds the real one."""
        stated = [self.site.partition, *(wishes.partition for wishes in self.site.stages.values())]
        largest = slurm_queue.largest_node([partition for partition in stated if partition])
        return (largest,) * self.site.jobs

    def image_id(self, reference: str) -> str:
        """The id of an image, in a Docker Engine of this machine or exported. Raises UserError."""
        try:
            return docker_engine.connect().image_id(reference)
        except (NoEngine, UserError) as error:
            if found := exported.find(reference):
                return found.id
            raise UserError(_not_exported(reference)) from error

    def ask(self, image_id: str, verb: str) -> Said:
        """Nothing: the login node runs no image."""
        return 125, b""

    def check(self, store: Path, files: Collection[Path], say: Callable[[str], None]) -> None:
        """Raise UserError for paths that cannot be mounted."""
        for path in (store, *files):
            if any(letter in str(path) for letter in _FORBIDDEN):
                raise UserError(f"{path}: a path with a colon or a comma cannot be mounted; move it or link to it")

    def prepare(self, images: Collection[Image], tell: Tell) -> None:
        """Export what is missing; what a Docker Engine of this machine lacks is built first."""
        found = {image.reference: exported.find(image.reference) for image in images}
        missing = [image for image in images if found[image.reference] is None]
        if missing:
            self._export(missing, tell)
        for reference in found:
            image = found[reference] or exported.find(reference)
            assert image is not None
            self._images[reference] = image

    def _export(self, images: Collection[Image], tell: Tell) -> None:
        try:
            engine = docker_engine.connect()
        except NoEngine as error:
            raise UserError("\n".join(_not_exported(image.name) for image in images)) from error
        engine.prepare(images, tell)
        for image in images:
            exported.export(engine.client, image.reference, tell)

    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        """Remove what jobs left of stages that are done. What still runs is left alone."""
        for path in store.glob(".run/*.job"):
            key = path.name.removesuffix(".job")
            if Store(store).finished(key) and abandoned(key):
                Folder(store, key).remove()

    def attach(self, job: Job) -> SlurmRunning | None:
        """The job of a stage that is queued or runs. None when what an ended one wrote was brought home."""
        folder = Folder(job.store, job.key)
        if live := self.found(job.store, job.key):
            return SlurmRunning(self, job, folder, live)
        if folder.path.is_dir():
            folder.bring_home(job.out)
        return None

    def start(self, job: Job) -> SlurmRunning:
        """Submit the job of a stage; it is submitted when its events are asked for."""
        return SlurmRunning(self, job, Folder(job.store, job.key), None)

    def submit(self, job: Job, after: Collection[int] = ()) -> int:
        """Submit the job of a stage; returns its number. Raises Full, StageFailed.

        after: jobs that must have ended well. If there is one of the stage, it begins after that one.
        """
        folder = Folder(job.store, job.key)
        folder.make(self._task(job), job.out)
        number = slurm_queue.submit(slurm_queue.name_of(job.store, job.key), self.site.options(job.stage), after,
                                    folder.log, self.python(slurm_node.__name__, str(job.store), job.key))
        folder.submit(number)
        return number

    @staticmethod
    def python(module: str, *words: str) -> list[str]:
        """The words that start a module of ours on a node."""
        variables = (f"PYTHONPATH={REPOSITORY}", "PYTHONDONTWRITEBYTECODE=1")
        return ["/usr/bin/env", *variables, sys.executable, "-m", module, *words]

    def image(self, job: Job) -> Exported:
        """What a stage runs in, after `prepare`."""
        return self._images[job.image.reference]

    def cancel(self, store: Path, keys: Collection[str]) -> int:
        """End the jobs of stages; returns how many there were. Those that run write their checkpoints first."""
        names = {slurm_queue.name_of(store, key): key for key in keys}
        found = [entry for entry in self.queue.now().values() if entry.name in names and entry.lives]
        for entry in sorted(found, key=lambda entry: entry.state != "PENDING"):  # or those that wait would begin
            Folder(store, names[entry.name]).cancel()  # a job that is just requeued hears no signal
            slurm_queue.cancel(entry)
        return len(found)

    def found(self, store: Path, key: str) -> int | None:
        """The number of the job of a stage, if one is queued or runs. Raises NoEngine."""
        name = slurm_queue.name_of(store, key)
        found = self.queue.live(name)
        if found is None and Folder(store, key).submitted_just_now():  # maybe since the queue was asked
            self.queue.now()
            found = self.queue.live(name)
        return found

    def _task(self, job: Job) -> dict[str, Any]:
        image = self.image(job)
        record = {**job.record, "image_id": image.id, "engine": self.name}
        return {"runtime": self.kind, "program": self.program, "root": str(image.root), "folder": image.folder,
                "words": [*image.command, *job.command("/in", "/out", "/config.json")],
                "variables": image.variables | job.variables(image.id, "/tmp"),
                "shown": {place: str(path) for place, path in job.shown("/in", "/config.json").items()},
                "gpus": job.stage.resources.gpus, "save": self.site.save, "record": record}


def _not_exported(reference: str) -> str:
    return (f"image {reference}: it is not below {exported.FOLDER}, and no Docker Engine here has it, or can make it; "
            "where there is one, `orchestrate.py images export` puts it there, and the folder can be copied")


class SlurmRunning:
    """A job in the queue, followed by what it writes. number: None before it is submitted."""

    def __init__(self, engine: SlurmEngine, job: Job, folder: Folder, number: int | None) -> None:
        self.image_id = engine.image(job).id
        self._engine, self._job, self._folder, self._number = engine, job, folder, number
        self._since, self._left, self._ended = time.monotonic(), threading.Event(), dict[str, Any]()
        self._stale = number is not None and not folder.submitted()  # it is just ending, and was brought home
        self._told, self._unseen, self._store = "", 0, Store(job.store)
        self._name = slurm_queue.name_of(job.store, job.key)

    def events(self) -> Iterator[Event]:
        """The events it writes, and what it waits for, until it ends or is left alone."""
        news = _News(self._folder.events)
        while not self._left.is_set():
            if self._number is None:
                yield from self._submit()
            ended = self._number is not None and self._has_ended()
            yield from news.read()
            if ended:
                return
            yield from self._waiting()
            self._left.wait(min(_LOOK_SECONDS + (time.monotonic() - self._since) / 20, _SELDOM_SECONDS))

    def result(self) -> Result:
        """How it ended. Raises StageFailed if what it left is refused."""
        how = self._ended
        if not how:
            return Result(STOPPED, False)
        if how["status"] == 0:
            with contextlib.suppress(OSError):  # it is gone, if the job came later than we did
                self._job.out.rmdir()
        else:
            self._folder.bring_home(self._job.out)
        if "refused" in how:
            raise StageFailed(refusal(self._job.stage.name, self._job.out, how["refused"]))
        return Result(how["status"], how["out_of_memory"], tuple(how["lines"]))

    def cancel(self) -> None:
        """Follow it no more; it goes on."""
        self._left.set()

    def _submit(self) -> Iterator[Event]:
        try:
            self._number, self._since = self._engine.submit(self._job), time.monotonic()
        except Full as error:
            yield from self._tell(f"waiting for the queue: {error}")
            self._left.wait(slurm_queue.ASK_SECONDS)

    def _has_ended(self) -> bool:
        """Whether it ended, for good; one that Slurm will not start again though it should is submitted again."""
        how = self._folder.ended()
        if how is None and self._store.finished(self._job.key):
            how = {"status": 0, "out_of_memory": False, "lines": ()}
        if how is not None and how["status"] != STOPPED and self._folder.is_alone():
            self._ended = how
            return True
        entries = self._engine.queue.entries(self._since)
        entry = self._entry(entries)
        if entries is None or (entry and entry.lives) or not self._folder.is_alone():
            return False
        how = self._folder.ended()
        missed = how is None and (entry is None or self._stale) and self._unseen < _UNSEEN_TIMES
        if missed or (how or {}).get("again"):
            self._number, self._stale, self._unseen = None, False, self._unseen + missed
            return False
        if entry is not None and entry.state == "COMPLETED" and how is None:  # the file system does not show it yet
            os.listdir(self._job.store)
            return False
        self._ended = how or _lost("unknown" if entry is None else entry.state, self._folder.log)
        return True

    def _waiting(self) -> Iterator[Event]:
        entry = self._entry(self._engine.queue.entries(self._since))
        if entry is not None and entry.state == "PENDING":
            yield from self._tell(entry.words())

    def _entry(self, entries: Mapping[int, Entry] | None) -> Entry | None:
        """What the queue says of the job, whose number may be another's after a death of slurmctld."""
        entry = (entries or {}).get(self._number or 0)
        return entry if entry is not None and entry.name == self._name else None

    def _tell(self, message: str) -> Iterator[Event]:
        if message != self._told:
            self._told = message
            yield {"event": "log", "message": message}


class _News:
    """Reads events as they are written; of those before it came, the last ones."""

    def __init__(self, path: Path) -> None:
        self._path, self._rest = path, b""
        self._place = max(0, path.stat().st_size - _TAIL) if path.exists() else 0

    def read(self) -> Iterator[Event]:
        """What is new."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._place)
                new = stream.read()
        except FileNotFoundError:  # none was written yet, or the stage is done
            return
        self._place += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        yield from filter(None, map(parsed, lines))


def _lost(state: str, log: Path) -> dict[str, Any]:
    """How a job ended that could not say so. state: as Slurm calls it."""
    meaning = {"TIMEOUT": "its time limit came before its checkpoint was written: raise `time` or `save` in site.yaml",
               "OUT_OF_MEMORY": "it took more memory than it asked for", "CANCELLED": "it was cancelled",
               "NODE_FAIL": "its node failed"}
    told = log.read_text(errors="backslashreplace").splitlines() if log.exists() else []
    lines = [*map(printable, told[-_LINES:]), f"Slurm calls it {state}; {meaning.get(state, 'it is gone')}"]
    status = STOPPED if state == "CANCELLED" else slurm_node.LOST
    return {"status": status, "out_of_memory": state == "OUT_OF_MEMORY", "lines": lines}
