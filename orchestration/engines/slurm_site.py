"""site.yaml, in the folder where orchestrate.py is started: how a cluster wants to be asked. See docs/slurm.md."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration import yaml_file
from orchestration.errors import UserError
from orchestration.stage import Stage
from orchestration.text import printable
from orchestration.yaml_file import dotted

FILE = Path("site.yaml")
Kind = Literal["data", "train", "import", "generate", "attribute", "perturb", "remove", "measure", "report"]
_EARLY_SECONDS = 60  # as its manual says of --signal
_TIME = re.compile(r"\d+|\d+:\d\d|\d+:\d\d:\d\d|\d+-\d+(:\d\d){0,2}")
_SHARD = re.compile(r"-\d+of\d+$")  # as in generate-1of3
_OURS = ("--dependency", "--job-name", "--output", "--error", "--signal", "--export", "--time", "--mem", "--array")


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError("expected a time as sbatch takes it, such as 30 (minutes), 12:00:00 or 2-00:00:00, in quotes")
    return value


def _seconds(time: str) -> int:
    """The seconds of a time as sbatch takes it: MINUTES, MINUTES:SECONDS, H:M:S, DAYS-H, DAYS-H:M, DAYS-H:M:S."""
    days, dash, rest = time.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if dash:
        parts += [0] * (3 - len(parts))
    elif len(parts) < 3:
        parts = [0, *parts, 0][:3]
    hours, minutes, seconds = parts
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def _word(value: str) -> str:
    if not value.startswith("-"):
        raise ValueError("expected an option of sbatch, such as --constraint=a100")
    if value.split("=")[0] in _OURS:
        raise ValueError("this option is set for every job; time, gpu, partition and account have keys of their own")
    return value


Time = Annotated[str, AfterValidator(_time)]
Word = Annotated[str, AfterValidator(_word)]


class Wishes(BaseModel):
    """What jobs ask for beside the stage's resources. gpu: the gres of a GPU. words: more options of sbatch."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    partition: str | None = None
    account: str | None = None
    gpu: str | None = None
    time: Time | None = None
    words: list[Word] | None = None


class Site(Wishes):
    """The same, by kind of stage too. runtime: what starts images. save: seconds that writing a checkpoint may take.

    jobs: how many may be in the queue at once, about.
    """

    runtime: Literal["apptainer", "charliecloud"] | None = None
    save: Annotated[int, Field(ge=10, le=3600)] = 120
    jobs: Annotated[int, Field(ge=1, le=10_000)] = 100
    stages: dict[Kind, Wishes] = {}

    @model_validator(mode="after")
    def _time_to_save(self) -> Self:
        for time in (self.time, *(wishes.time for wishes in self.stages.values())):
            if time is not None and _seconds(time) <= self.save + _EARLY_SECONDS:
                raise ValueError(f"time: {time} leaves nothing for work: a job is told to save {self.save} s "
                                 f"(`save`) before its end, and Slurm may do so {_EARLY_SECONDS} s early")
        return self

    def options(self, stage: Stage) -> list[str]:
        """Options of sbatch for a stage."""
        wish = self._wishes(stage)
        needs = stage.resources
        options = [f"--{name}={wish[name]}" for name in ("partition", "account") if wish.get(name)]
        gpus = [f"--gres={wish.get('gpu', 'gpu')}:{needs.gpus}"] if needs.gpus else []
        return [*options, *gpus, f"--time={wish.get('time', '1-00:00:00')}", "--nodes=1", "--ntasks=1",
                f"--cpus-per-task={needs.cores}", f"--mem={-(-needs.memory // 2**20)}M",
                f"--signal=B:USR1@{self.save}", *wish.get("words", [])]

    def _wishes(self, stage: Stage) -> dict[str, Any]:
        own = next((wishes for kind, wishes in self.stages.items() if kind == _kind(stage)), Wishes())
        return self.model_dump(exclude_none=True) | own.model_dump(exclude_none=True)


def _kind(stage: Stage) -> str:
    """What a stage does: a shard of images is generated too, and what puts shards together works on data."""
    return "data" if stage.stands_for else _SHARD.sub("", stage.name.rpartition("/")[2])


def read() -> Site:
    """What the file says; without one, what is usual. Raises UserError with file, line and key."""
    if not FILE.exists():
        return Site()
    source = yaml_file.read(FILE)
    try:
        return Site.model_validate(source.values)
    except ValidationError as error:
        lines = sorted(_complaint(source, problem) for problem in error.errors())
        raise UserError("\n".join(f"{FILE}:{line}: {printable(text, 300)}" for line, text in lines)) from None


def _complaint(source: yaml_file.YamlFile, problem: Any) -> tuple[int, str]:
    place = tuple(part for part in problem["loc"] if part != "[key]")
    if problem["type"] == "extra_forbidden":
        known = (Wishes if place[0] == "stages" else Site).model_fields
        return source.line(place), f"{dotted(place)}: there is no such key; the keys here are {', '.join(known)}"
    text = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    found = "" if isinstance(problem["input"], dict) else f", found {problem['input']!r}"
    return source.line(place), f"{dotted(place)}{': ' * bool(place)}{text}{found}"
