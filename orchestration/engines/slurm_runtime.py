"""How a node of a cluster starts an exported image: by Apptainer or, where there is none, by charliecloud.

The root is read-only, and so is what the stage is shown, below /in; there is no network. Apptainer sees to all of
that, and gives GPUs; charliecloud gives none, and leaves inputs and the network to slurm_apart.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.engines import slurm_apart

PROGRAMS = {"apptainer": ("apptainer", "singularity"), "charliecloud": ("ch-run",)}


@dataclass(frozen=True)
class Start:
    """What is to be started. shown: {place inside: file or folder}. gpus: whether it is to see those of the job."""

    root: Path
    folder: str
    words: Sequence[str]
    variables: Mapping[str, str]
    shown: Mapping[str, Path]
    out: Path
    scratch: Path
    gpus: bool


def command(kind: str, program: str, start: Start) -> list[str]:
    """The words that start it. scratch, an empty folder of the node, gets places for mounts, and its /tmp."""
    places, temporary = start.scratch / "in", start.scratch / "tmp"
    for folder in (places, temporary):
        folder.mkdir()
    for place, path in start.shown.items():
        _make_place(_place(start, place), path)
    written = [(places, "/in"), (temporary, "/tmp"), (start.out, "/out")]
    return list((_apptainer if kind == "apptainer" else _charliecloud)(program, start, written))


def environment(kind: str, program: str, variables: Mapping[str, str]) -> dict[str, str]:
    """Variables of the process that starts it, by which it is given its own: --env of Apptainer splits at commas."""
    if kind == "charliecloud":
        return {"USER": os.environ.get("USER", "user")}  # without which ch-run does not begin
    return {f"{Path(program).name.upper()}ENV_{name}": value for name, value in variables.items()}


def _apptainer(program: str, start: Start, written: Sequence[tuple[Path, str]]) -> Iterator[str]:
    yield from (program, "exec", "--containall", "--no-home", "--cleanenv", "--net", "--network", "none")
    if start.gpus:
        yield "--nv"
    for source, place in written:
        yield from ("--bind", f"{source}:{place}")
    for place, path in start.shown.items():
        yield from ("--bind", f"{path}:{place}:ro")
    yield from ("--pwd", start.folder, str(start.root), *start.words)


def _charliecloud(program: str, start: Start, written: Sequence[tuple[Path, str]]) -> Iterator[str]:
    yield from (sys.executable, "-I", slurm_apart.__file__)
    for place, path in start.shown.items():
        yield from (str(path), str(_place(start, place)))
    yield from ("--", program, "--no-passwd", "--unset-env=*", "--env-no-expand")
    beside = [(_place(start, place), place) for place in start.shown if not place.startswith("/in/")]
    for source, place in [*written, *beside]:
        yield f"--bind={source}:{place}"
    for name, value in start.variables.items():
        yield f"--set-env={name}={value}"
    yield from (f"--cd={start.folder}", str(start.root), "--", *start.words)


def _place(start: Start, place: str) -> Path:
    """Where on the node that is which is a place inside."""
    return start.scratch / place.lstrip("/")


def _make_place(place: Path, path: Path) -> None:
    """Something that `path` can be mounted on."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
