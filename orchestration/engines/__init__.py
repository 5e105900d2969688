"""What runs stages. An engine is start, events, result, cancel; see docker.py and process.py.

A third engine, one that places stages on many machines say, is one more file beside these and one more line
in choice.py: the plan, the scheduler and the store do not know which engine there is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from orchestration.stage import Resources, Stage

GRACE_SECONDS = 60.0  # how long a stage has to write its checkpoint between SIGTERM and SIGKILL

Tell = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Job:
    """A stage made ready to run.

    out: the folder to write to, which may hold what an earlier, stopped run of the stage left. log: the file
    its log is appended to. inputs: {mount name: folder or file, shown read-only}. config: a JSON file.
    gpus: the slots it was given. store: where `out` belongs. lock: an open file descriptor; the stage counts
    as running as long as any process holds it open.
    """

    stage: Stage
    study: str
    key: str
    out: Path
    log: Path
    inputs: Mapping[str, Path]
    config: Path
    gpus: tuple[int, ...]
    store: Path
    lock: int


@dataclass(frozen=True)
class Result:
    """How a stage ended. status: 0 to 255, 128 + N if signal N ended it. last_lines: of its log."""

    status: int
    out_of_memory: bool
    last_lines: tuple[str, ...] = ()


class Running(Protocol):
    """A stage that runs. image_id: what exactly it runs in."""

    image_id: str

    def events(self) -> Iterator[Mapping[str, Any]]:
        """The events it writes, until it ends."""

    def result(self) -> Result:
        """How it ended; called once, after the last event."""

    def cancel(self) -> None:
        """Make it stop: SIGTERM now, SIGKILL after GRACE_SECONDS. Returns at once."""


class Engine(Protocol):
    """What runs stages. name: as `--engine` and stage.json say it."""

    name: str

    def room(self) -> Resources:
        """What the machine has: GPUs, cores, bytes of memory."""

    def image_id(self, reference: str) -> str:
        """The id of an image that no folder of containers/ makes. Raises UserError if it is not there."""

    def prepare(self, stages: Collection[Stage], tell: Tell) -> None:
        """Make what the stages run in, images or environments, where it is missing or out of date."""

    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        """Stop and remove what orchestrators that were killed left of stages of `store`.

        abandoned: whether no orchestrator has the stage of this key.
        """

    def start(self, job: Job) -> Running:
        """Start a stage. The caller has its lock; whatever else still writes to its folder is stopped first."""


def substitute(command: tuple[str, ...], inputs: str, out: str, config: str) -> list[str]:
    """The command with its placeholders replaced by paths."""
    return [word.replace("{in}", inputs).replace("{out}", out).replace("{config}", config) for word in command]
