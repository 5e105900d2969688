"""What runs stages. An engine is attach, start, events, result, cancel; see the modules of ENGINES.

One more engine is one more module with a function `connect`, and its line in ENGINES: the plan, the scheduler and the
store do not know which engines there are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from orchestration.events import Event, Tell
from orchestration.stage import Node, Stage

if TYPE_CHECKING:  # what runs on the node of a cluster imports this package, and is to start soon
    from orchestration.images import Image
    from orchestration.images.answers import Said

HERE = ("docker", "process")  # whose stages run on this machine, the best first; others are to be asked for
ENGINES = {  # {name: module}
    "docker": "orchestration.engines.docker_engine",
    "process": "orchestration.engines.process_engine",
    "slurm": "orchestration.engines.slurm_engine",
}
STOPPING = "stopping: what runs writes its checkpoint first; a second Ctrl-C does not wait for it"
GRACE_SECONDS = 60.0  # how long a stage has to write its checkpoint between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Job:
    """A stage made ready to run.

    image: what it runs in, by content.
    out: the folder to write to, which may hold what an earlier, stopped run of the stage left.
    log: the file its log is appended to. inputs: {mount name: folder or file, shown read-only}; a
    name may have slashes. config: a JSON file. gpus: ids of those it was given. store: where `out`
    belongs. hold: called with the number of a process of this host that writes to `out`: nobody
    else gets the stage before that has ended. gpu_memory: bytes that it may take of each of its GPUs,
    where others have them too. record: what stage.json says of it, but for how it ran.
    """

    stage: Stage
    study: str
    key: str
    image: Image
    out: Path
    log: Path
    inputs: Mapping[str, Path]
    config: Path
    gpus: tuple[str, ...]
    store: Path
    hold: Callable[[int], None]
    gpu_memory: int | None = None
    record: Mapping[str, Any] = field(default_factory=dict)

    def command(self, inputs: str, out: str, config: str) -> list[str]:
        """The command of the stage, its placeholders replaced by paths."""
        words = list(self.stage.command)
        for placeholder, place in (("{in}", inputs), ("{out}", out), ("{config}", config)):
            words = [word.replace(placeholder, place) for word in words]
        return words

    def variables(self, image_id: str, home: str) -> dict[str, str]:
        """Variables of its own, beside those of the engine."""
        cores = str(self.stage.resources.cores)
        limit = {"GANFP_GPU_MEMORY": str(self.gpu_memory)} if self.gpu_memory else {}
        return {"GANFP_IMAGE": image_id, "HOME": home, "OMP_NUM_THREADS": cores, **limit}

    def shown(self, inputs: str, config: str) -> dict[str, Path]:
        """{place: file or folder of this host} of all that it may read and not write."""
        mounted = {f"{inputs}/{name}": path for name, path in self.inputs.items()}
        return mounted | {config: self.config}


@dataclass(frozen=True)
class Result:
    """How a stage ended. status: 0 to 255, 128 + N if signal N ended it. last_lines: of its log."""

    status: int
    out_of_memory: bool
    last_lines: tuple[str, ...] = ()


class Running(Protocol):
    """A stage that runs. image_id: what exactly it runs in."""

    image_id: str

    def events(self) -> Iterator[Event]:
        """The events it writes, until it ends."""

    def result(self) -> Result:
        """How it ended; called once, after the last event."""

    def cancel(self) -> None:
        """Make it stop: SIGTERM now, SIGKILL after GRACE_SECONDS. Returns at once. Twice is as once.

        What outlives the orchestrator may go on, and is followed no more: its result is not 0.
        """


class Engine(Protocol):
    """What runs stages. name: as in `--engine` and stage.json. caution: what its stages lack.

    parting: what becomes of stages that run when a run is interrupted.
    """

    name: str
    caution: str
    parting: str

    def nodes(self) -> tuple[Node, ...]:
        """The hosts that stages run on."""

    def image_id(self, reference: str) -> str:
        """The id of an image. Raises UserError if it is not there."""

    def ask(self, image_id: str, verb: str) -> Said:
        """What an image made elsewhere prints when it is given a verb that reads and writes nothing, and its status."""

    def check(self, store: Path, files: Collection[Path], say: Callable[[str], None]) -> None:
        """Raise UserError if no stage could run that writes below `store` and reads `files`, before anything is made.

        say: told, a line each, what stages will lack here.
        """

    def prepare(self, images: Collection[Image], tell: Tell) -> None:
        """Make what stages run in, images or environments, where it is missing."""

    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        """Stop and remove what orchestrators that were killed left of stages of `store`.

        abandoned: whether no orchestrator has the stage of this key.
        """

    def attach(self, job: Job) -> Running | None:
        """The stage as an earlier orchestrator started it, if it still runs, or ended unseen.

        The caller has its lease. If the answer is None, nothing writes to `job.out` any more.
        """

    def start(self, job: Job) -> Running:
        """Start a stage, after `attach` answered None."""


@runtime_checkable
class Detached(Protocol):
    """What an engine has beside, whose stages outlive the orchestrator."""

    def found(self, store: Path, key: str) -> int | None:
        """The number of a stage that was submitted, and neither ended nor is done."""

    def submit(self, job: Job, after: Collection[int] = ()) -> int:
        """Have a stage run as soon as those submitted as `after` are done; returns its number. Raises Full."""

    def cancel(self, store: Path, keys: Collection[str]) -> int:
        """Stop stages, those that run after a checkpoint; returns how many there were."""


class Full(Exception):
    """No more can be submitted for now; the text says why."""
