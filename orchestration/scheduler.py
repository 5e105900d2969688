"""Runs tasks as soon as what they need is done and a node has enough left: a generator of changes.

It knows nothing of containers: what a task does is a function, so that lambdas can stand for it.
"""

import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from orchestration.errors import NoDevice, UserError
from orchestration.events import Event, Tell
from orchestration.stage import Node, Resources


@dataclass(frozen=True)
class Task:
    """Something to do. needs: names of the tasks that must be done before; a name of no task counts as done."""

    name: str
    needs: tuple[str, ...]
    resources: Resources


@dataclass(frozen=True)
class Started:
    """A task began. node: the name of where it runs."""

    task: str
    node: str


@dataclass(frozen=True)
class Reported:
    """A task told something, such as its progress."""

    task: str
    event: Event


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


Change = Started | Reported | Finished | Failed | Skipped
Changes = Generator[Change, None, None]
Work = Callable[[str, Node, Tell], None]


def schedule(tasks: Iterable[Task], nodes: Sequence[Node], work: Work,
             stop: Callable[[], None]) -> Changes:
    """Do `work(name, node, tell)` for every task, each in a thread, as many as `nodes` allow.

    tasks: each after those it needs. Of what could start, what the longest chain of others waits
    for starts first, else what is named first. A task whose work raises has failed; those that hang
    on it are skipped, all others go on.
    If the generator is closed or interrupted, `stop()` is called, which has to make running work
    end, and waited for.
    Raises NoDevice or UserError, before anything runs, if a task asks for more than any node has.
    """
    waiting = {task.name: task for task in _longest_chains_first(list(tasks))}
    for task in waiting.values():
        _refuse_too_large(task, nodes)
    return _Schedule(waiting, nodes, work, stop).changes()


def _longest_chains_first(tasks: Sequence[Task]) -> list[Task]:
    waiting = {task.name: 0 for task in tasks}  # the longest chain of tasks that wait for it
    for task in reversed(tasks):
        for name in waiting.keys() & task.needs:
            waiting[name] = max(waiting[name], waiting[task.name] + 1)
    return sorted(tasks, key=lambda task: -waiting[task.name])


class _Left:
    """What is left of a node."""

    def __init__(self, node: Node) -> None:
        self.node, self.resources = node, node.resources

    def take(self, wish: Resources, times: int = 1) -> None:
        """Take away `wish`; with -1, give it back."""
        left = self.resources
        self.resources = Resources(left.gpus - times * wish.gpus, left.cores - times * wish.cores,
                                   left.memory - times * wish.memory)


class _Schedule:
    def __init__(self, waiting: dict[str, Task], nodes: Sequence[Node], work: Work,
                 stop: Callable[[], None]) -> None:
        self._waiting, self._work, self._stop = waiting, work, stop
        self._nodes = [_Left(node) for node in nodes]
        self._running: dict[str, tuple[Task, _Left, threading.Thread]] = {}
        self._queue: queue.Queue[Change] = queue.Queue()

    def changes(self) -> Changes:
        try:
            while self._waiting or self._running:
                yield from self._start_ready()
                change = self._queue.get()
                if isinstance(change, Finished | Failed):
                    self._end(change.task)
                yield change
                if isinstance(change, Failed):
                    yield from self._skip(change.task)
        finally:
            if self._running:
                self._stop()
                for _, _, thread in self._running.values():
                    thread.join()

    def _start_ready(self) -> list[Change]:
        started: list[Change] = []
        for task in list(self._waiting.values()):
            ready = not any(name in self._waiting or name in self._running for name in task.needs)
            node = next((node for node in self._nodes
                         if not _lacks(_counted(task.resources), node.resources)), None)
            if ready and node is not None:
                started.append(self._start(task, node))
        return started

    def _start(self, task: Task, left: _Left) -> Started:
        del self._waiting[task.name]
        left.take(_counted(task.resources))
        work = (task.name, left.node)
        thread = threading.Thread(target=self._do, args=work, name=task.name, daemon=True)
        self._running[task.name] = (task, left, thread)
        thread.start()
        return Started(task.name, left.node.name)

    def _do(self, name: str, node: Node) -> None:
        try:
            self._work(name, node, lambda event: self._queue.put(Reported(name, event)))
        except Exception as error:  # noqa: BLE001 - who reads the changes has to judge it
            self._queue.put(Failed(name, error))
        else:
            self._queue.put(Finished(name))

    def _end(self, name: str) -> None:
        task, left, thread = self._running.pop(name)
        thread.join()
        left.take(_counted(task.resources), -1)

    def _skip(self, failed: str) -> Iterator[Change]:
        lost = {failed}
        for task in list(self._waiting.values()):  # each comes after those it needs
            if lost.intersection(task.needs):
                lost.add(task.name)
                del self._waiting[task.name]
                yield Skipped(task.name, failed)


def _counted(wish: Resources) -> Resources:
    """What a task takes away from others: all that it wishes for, but half of the cores.

    While it loads a framework, compiles, reads or writes, it keeps one core busy, however many it may use; then
    the others are for whoever runs beside it. Each is held to its own number of cores, so that bits stay the same.
    """
    return replace(wish, cores=-(-wish.cores // 2))


def _lacks(wish: Resources, there: Resources) -> list[tuple[str, int, int]]:
    """What there is too little of: its name, what is asked for, what there is."""
    asked = (("GPU(s)", wish.gpus, there.gpus), ("cores", wish.cores, there.cores),
             ("bytes of memory", wish.memory, there.memory))
    return [row for row in asked if row[1] > row[2]]


def _refuse_too_large(task: Task, nodes: Sequence[Node]) -> None:
    lacks = min((_lacks(task.resources, node.resources) for node in nodes), key=len)
    if not lacks:
        return
    what, asked, there = lacks[0]
    has = "this machine has" if len(nodes) == 1 else "the machine that fits it best has"
    if what == "GPU(s)":
        raise NoDevice(
            f"{task.name}: asks for {asked} GPU(s), {has} {there} for containers (the engine would "
            'say: could not select device driver "" with capabilities: [[gpu]]); orchestrate.py '
            "doctor tells what is missing, `device: cpu` in the manifest runs it without")
    raise UserError(
        f"{task.name}: asks for {asked} {what}, {has} {there}; lower `resources` in the manifest")
