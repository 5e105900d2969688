"""orchestrate.py attribute: which source made a picture?"""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from commands import folders, imageset
from commands.interruption import interruptible
from commands.options import engine_option
from commands.pictures import found
from orchestration import runs
from orchestration.engines import choice
from orchestration.errors import UserError
from orchestration.repository import REPOSITORY
from orchestration.stage import Plan, Resources, Stage
from orchestration.store import Store

_MEMORY = 4 << 30
_DRAWN = ("overview.png", "overview.gif", "responses.csv", "responses.json")


@dataclass(frozen=True)
class _Answer:
    """What a model said of some pictures. predictions: of attribution.json. drawn: the folder of _DRAWN."""

    predictions: list[dict[str, Any]]
    drawn: Path | None


@click.command()
@click.argument("pictures", metavar="FILE-or-FOLDER", type=click.Path(path_type=Path))
@click.option("--run", "name", default="demo", metavar="STUDY", help="a study that was run here (default: demo)")
@click.option("--model", type=click.Path(path_type=Path), metavar="DIR", help="a model, in place of a study's")
@click.option("--fingerprints", type=click.Path(path_type=Path), metavar="DIR",
              help="by a visualisation network, which shows in DIR what it sees")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@engine_option
def command(pictures: Path, name: str, model: Path | None, fingerprints: Path | None, as_json: bool,
            engine: str | None) -> None:
    """Say, for a picture or each picture of a folder, which source made it and with what probability.

    The sources are those that the model was trained to tell apart. A picture that is unlike all of them is told
    to be from none of these; published models cannot tell. A picture of another size than the model's is cropped
    to its centre and resized, which may wash its fingerprint away.
    """
    with interruptible("orchestrate.py attribute"), tempfile.TemporaryDirectory(prefix="ganfp-") as scratch:
        if fingerprints is not None:
            folders.check_new(fingerprints, "--fingerprints ")
        model = model or _model_of(name, "model" if fingerprints is None else "fingerprints")
        resolution, architecture = _described(model)
        if fingerprints is not None and architecture != "visnet":
            raise UserError(f"--fingerprints: {model} is a {architecture}, which shows none; give a visualisation "
                            "network, trained with the setting `network: visnet`")
        imageset.from_png(pictures, Path(scratch, "images"), resolution)
        files = found(pictures)
        names = None if fingerprints is None else [file.name for file in files]
        answer = _ask(model, Path(scratch), engine, names)
        if answer.drawn and fingerprints:
            _keep(answer.drawn, fingerprints)
    rows = [{"file": str(file), **prediction} for file, prediction in zip(files, answer.predictions, strict=True)]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        click.echo(f"{row['file']}: {_told(row)}")
    if fingerprints:
        click.echo(f"fingerprints and responses: {fingerprints / _DRAWN[0]}")


def _told(row: dict[str, Any]) -> str:
    """A prediction in words."""
    if row.get("known", True):
        return f"{row['label']} ({row['probability']:.1%})"
    return f"none of these (nearest: {row['label']}, {row['probability']:.1%})"


def _model_of(name: str, wanted: str) -> Path:
    """The "model" or the "fingerprints" network of a study that was run."""
    note = REPOSITORY / "runs" / name / "run.json"
    if not note.is_file():
        raise UserError(f"--run {name}: no such study was run here; run it first, or give a model with --model")
    run = json.loads(note.read_text())
    if wanted not in run["results"]:
        kind = {"model": "method", "fingerprints": "visualisation network"}[wanted]
        raise UserError(f"--run {name}: none of its experiments trains a {kind} on every source; run one that does")
    return Path(run["store"], run["stages"][run["results"][wanted]])


def _described(model: Path) -> tuple[int, str]:
    """Resolution and architecture of a model."""
    try:
        said = json.loads((model / "model.json").read_text())
        return int(said["resolution"]), str(said.get("architecture", "model of another kind"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{model}: no model here; `attribution train` and `import` write one") from error


def _ask(model: Path, scratch: Path, engine_name: str | None, names: list[str] | None) -> _Answer:
    """Run the verb attribute, and overview if the pictures have `names`, as a plan in a store of its own."""
    console = Console(stderr=True, highlight=False)
    stages = (_attribute(model, scratch, names), *([_overview(scratch, names)] if names else []))
    store = Store(scratch / "store")
    engine = choice.choose(engine_name, console.print)
    wanted = runs.with_keys(Plan("attribute", stages, {}), store, engine.image_id, lambda line: None)
    runs.run(wanted, store, engine, console)
    made = [store.folder(wanted.keys[stage.name]) for stage in stages]
    predictions = json.loads((made[0] / "attribution.json").read_text())["predictions"]
    return _Answer(predictions, made[1] if names else None)


def _attribute(model: Path, scratch: Path, names: list[str] | None) -> Stage:
    return Stage(
        name="attribute", image="attribution", flavour="cpu",
        command=("attribute", "--model", "{in}/model", "--images", "pictures={in}/images",
                 *(("--fingerprints",) if names else ()), "--device", "cpu", "--out", "{out}"),
        resources=Resources(gpus=0, cores=min(4, len(os.sched_getaffinity(0))), memory=_MEMORY),
        files={"model": str(model), "images": str(scratch / "images")})


def _overview(scratch: Path, names: list[str] | None) -> Stage:
    return Stage(
        name="overview", image="analysis", flavour="cpu",
        command=("overview", "--answer", "{in}/attribute", "--images", "{in}/images", "--config", "{config}",
                 "--out", "{out}"),
        resources=Resources(gpus=0, cores=1, memory=_MEMORY), config={"names": names},
        inputs={"attribute": "attribute"}, files={"images": str(scratch / "images")})


def _keep(drawn: Path, folder: Path) -> None:
    with folders.new(folder) as beside:
        for name in _DRAWN:
            shutil.copy(drawn / name, beside / name)
