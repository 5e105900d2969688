"""orchestrate.py attribute: which source made a picture?"""

import json
import os
import tempfile
from pathlib import Path

import click
from rich.console import Console

from commands import imageset
from commands.interruption import interruptible
from commands.options import engine_option
from orchestration import runs
from orchestration.engines import choice
from orchestration.errors import UserError
from orchestration.repository import REPOSITORY
from orchestration.stage import Plan, Resources, Stage
from orchestration.store import Store

_MEMORY = 4 << 30


@click.command()
@click.argument("pictures", metavar="FILE-or-FOLDER", type=click.Path(path_type=Path))
@click.option("--run", "name", default="demo", metavar="STUDY", help="a study that was run here (default: demo)")
@click.option("--model", type=click.Path(path_type=Path), metavar="DIR", help="a classifier, in place of a study's")
@click.option("--json", "as_json", is_flag=True, help="for machines")
@engine_option
def command(pictures: Path, name: str, model: Path | None, as_json: bool, engine: str | None) -> None:
    """Say, for a picture or each picture of a folder, which source made it and with what probability.

    The sources are those that the classifier was trained to tell apart. A picture that is unlike them all is told
    to be of none of these; a published classifier cannot tell. A picture of another size than the classifier's is
    cropped to its centre and resized, which may wash its fingerprint away.
    """
    with interruptible("orchestrate.py attribute"), tempfile.TemporaryDirectory(prefix="ganfp-") as scratch:
        model = model or _model_of(name)
        imageset.from_png(pictures, Path(scratch, "images"), _resolution(model))
        predictions = _attribute(model, Path(scratch), engine)
        files = imageset.pictures(pictures)
    rows = [{"file": str(file), **prediction} for file, prediction in zip(files, predictions, strict=True)]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        said = f"{row['label']} ({row['probability']:.1%})"
        nearest = f"none of these (nearest: {row['label']}, {row['probability']:.1%})"
        click.echo(f"{row['file']}: {said if row.get('known', True) else nearest}")


def _model_of(name: str) -> Path:
    """The classifier of a study that was run."""
    note = REPOSITORY / "runs" / name / "run.json"
    if not note.is_file():
        raise UserError(f"--run {name}: no such study was run here; run it first, or give a classifier with --model")
    run = json.loads(note.read_text())
    if "model" not in run["results"]:
        raise UserError(f"--run {name}: none of its experiments trains a method on every source; run one that does")
    return Path(run["store"], run["stages"][run["results"]["model"]])


def _resolution(model: Path) -> int:
    try:
        return int(json.loads((model / "model.json").read_text())["resolution"])
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{model}: no classifier here; `attribution train` and `import` write one") from error


def _attribute(model: Path, scratch: Path, engine_name: str | None) -> list[dict[str, object]]:
    """Run the verb attribute as a plan of one stage, in a store of its own: [{"label": name, "probability": p}]."""
    console = Console(stderr=True, highlight=False)
    stage = Stage(
        name="attribute", image="attribution", flavour="cpu",
        command=("attribute", "--model", "{in}/model", "--images", "pictures={in}/images",
                 "--device", "cpu", "--out", "{out}"),
        resources=Resources(gpus=0, cores=min(4, len(os.sched_getaffinity(0))), memory=_MEMORY),
        files={"model": str(model), "images": str(scratch / "images")})
    store = Store(scratch / "store")
    engine = choice.choose(engine_name, console.print)
    only = runs.with_keys(Plan("attribute", (stage,), {}), store, engine.image_id, lambda line: None)
    runs.run(only, store, engine, console)
    answer = json.loads((store.folder(only.keys[stage.name]) / "attribution.json").read_text())
    return list(answer["predictions"])
