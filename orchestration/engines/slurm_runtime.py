"""How a node of a cluster starts an exported image: by Apptainer or, where there is none, by charliecloud.

The root is read-only; what the stage is shown is mounted below /in. Apptainer mounts that read-only too, takes the
network away and gives GPUs; charliecloud can do none of these.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
        _make_place(start.scratch / place.lstrip("/"), path)
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
    yield from (program, "--no-passwd", "--unset-env=*", "--env-no-expand")
    for source, place in [*written, *((path, place) for place, path in start.shown.items())]:
        yield f"--bind={source}:{place}"
    for name, value in start.variables.items():
        yield f"--set-env={name}={value}"
    yield from (f"--cd={start.folder}", str(start.root), "--", *start.words)


def _make_place(place: Path, path: Path) -> None:
    """Something that `path` can be mounted on."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
