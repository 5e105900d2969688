"""Runs tasks as soon as what they need is done and the machine has room: a generator of events.

It knows nothing of containers: what a task does is a function, so that lambdas can stand for it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestration.errors import NoDevice, UserError
from orchestration.stage import Resources


@dataclass(frozen=True)
class Task:
    """Something to do. needs: names of the tasks that must be done before; a name of no task counts as done."""

    name: str
    needs: tuple[str, ...]
    resources: Resources


@dataclass(frozen=True)
class Started:
    """A task began. gpus: the slots it was given."""

    task: str
    gpus: tuple[int, ...]


@dataclass(frozen=True)
class Reported:
    """A task told something, such as its progress."""

    task: str
    report: Mapping[str, Any]


@dataclass(frozen=True)
class Finished:
    """A task ended well."""

    task: str


@dataclass(frozen=True)
class Failed:
    """A task raised `error`."""

    task: str
    error: Exception


@dataclass(frozen=True)
class Skipped:
    """A task will not run, as `failed`, which it hangs on, failed."""

    task: str
    failed: str


Event = Started | Reported | Finished | Failed | Skipped
Events = Generator[Event, None, None]
Tell = Callable[[Mapping[str, Any]], None]
Work = Callable[[str, tuple[int, ...], Tell], None]


def schedule(tasks: Iterable[Task], room: Resources, work: Work, stop: Callable[[], None]) -> Events:
    """Do `work(name, gpus, tell)` for every task, each in a thread, as many at once as `room` allows.

    A task whose work raises has failed; those that hang on it are skipped, all others go on.
    If the generator is closed or interrupted, `stop()` is called, which has to make running work end, and
    waited for.
    Raises NoDevice or UserError, before anything runs, if a task asks for more than `room`.
    """
    waiting = {task.name: task for task in tasks}
    for task in waiting.values():
        _refuse_too_large(task, room)
    return _Schedule(waiting, room, work, stop).events()


class _Room:
    """What is left of the machine."""

    def __init__(self, room: Resources) -> None:
        self.cores, self.memory = room.cores, room.memory
        self.gpus = list(range(room.gpus))

    def has(self, wish: Resources) -> bool:
        return wish.gpus <= len(self.gpus) and wish.cores <= self.cores and wish.memory <= self.memory

    def take(self, wish: Resources) -> tuple[int, ...]:
        taken, self.gpus = self.gpus[: wish.gpus], self.gpus[wish.gpus :]
        self.cores -= wish.cores
        self.memory -= wish.memory
        return tuple(taken)

    def give_back(self, wish: Resources, gpus: tuple[int, ...]) -> None:
        self.gpus = sorted([*self.gpus, *gpus])
        self.cores += wish.cores
        self.memory += wish.memory


class _Schedule:
    def __init__(self, waiting: dict[str, Task], room: Resources, work: Work, stop: Callable[[], None]) -> None:
        self._waiting, self._room, self._work, self._stop = waiting, _Room(room), work, stop
        self._running: dict[str, tuple[Task, tuple[int, ...], threading.Thread]] = {}
        self._queue: queue.Queue[Event] = queue.Queue()

    def events(self) -> Events:
        try:
            while self._waiting or self._running:
                yield from self._start_ready()
                event = self._queue.get()
                if isinstance(event, Finished | Failed):
                    self._end(event.task)
                yield event
                if isinstance(event, Failed):
                    yield from self._skip(event.task)
        finally:
            if self._running:
                self._stop()
                for _, _, thread in self._running.values():
                    thread.join()

    def _start_ready(self) -> list[Event]:
        started: list[Event] = []
        for task in list(self._waiting.values()):
            ready = not any(name in self._waiting or name in self._running for name in task.needs)
            if ready and self._room.has(task.resources):
                started.append(self._start(task))
        return started

    def _start(self, task: Task) -> Started:
        del self._waiting[task.name]
        gpus = self._room.take(task.resources)
        thread = threading.Thread(target=self._do, args=(task.name, gpus), name=task.name, daemon=True)
        self._running[task.name] = (task, gpus, thread)
        thread.start()
        return Started(task.name, gpus)

    def _do(self, name: str, gpus: tuple[int, ...]) -> None:
        try:
            self._work(name, gpus, lambda report: self._queue.put(Reported(name, report)))
        except Exception as error:  # noqa: BLE001 - the reader of the events, in another thread, has to judge it
            self._queue.put(Failed(name, error))
        else:
            self._queue.put(Finished(name))

    def _end(self, name: str) -> None:
        task, gpus, thread = self._running.pop(name)
        thread.join()
        self._room.give_back(task.resources, gpus)

    def _skip(self, failed: str) -> Iterator[Event]:
        lost = {failed}
        for task in list(self._waiting.values()):  # in the order of the plan: each after those it needs
            if lost.intersection(task.needs):
                lost.add(task.name)
                del self._waiting[task.name]
                yield Skipped(task.name, failed)


def _refuse_too_large(task: Task, room: Resources) -> None:
    wish = task.resources
    if wish.gpus > room.gpus:
        raise NoDevice(
            f"{task.name}: asks for {wish.gpus} GPU(s), this machine has {room.gpus} for containers (the engine would "
            'say: could not select device driver "" with capabilities: [[gpu]]); orchestrate.py doctor tells what is '
            "missing, `device: cpu` in the manifest runs it without"
        )
    for what, asked, there in (("cores", wish.cores, room.cores), ("bytes of memory", wish.memory, room.memory)):
        if asked > there:
            raise UserError(
                f"{task.name}: asks for {asked} {what}, this machine has {there}; lower `resources` in the manifest"
            )
