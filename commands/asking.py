"""Asking a model about pictures: which model, and its answer, by stages in a store of their own."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from orchestration import outputs, runs
from orchestration.engines import Engine, choice
from orchestration.errors import UserError
from orchestration.stage import Plan, Resources, Stage
from orchestration.store import Scratch, Store

DRAWN = ("overview.png", "overview.gif", "responses.csv", "responses.json")
_CORES, _MEMORY = 4, 4 << 30
_LARGEST = 1024  # pixels
_KINDS = {"model": "method", "fingerprints": "visualisation network"}


@dataclass(frozen=True)
class Model:
    """A model in a folder. resolution: pixels of its images."""

    folder: Path
    resolution: int
    architecture: str


@dataclass(frozen=True)
class Answer:
    """What a model said of some pictures. predictions: of attribution.json. drawn: the folder of DRAWN."""

    predictions: list[dict[str, Any]]
    drawn: Path | None


def of_study(name: str, wanted: str, store: Path) -> Path:
    """The "model" or the "fingerprints" network of a study that was run with `store`. Raises UserError."""
    note = store.absolute().parent / "runs" / name / "run.json"
    if not note.is_file():
        raise UserError(f"--run {name}: no such study was run with {store}; run it first, name its store with --store, "
                        "or give a model with --model")
    try:
        run = json.loads(note.read_text())
        results, stages = dict(run["results"]), dict(run["stages"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{note}: cut off ({error}); `orchestrate.py run` of its manifest writes it anew") from error
    if wanted not in results:
        raise UserError(f"--run {name}: none of its experiments trains a {_KINDS[wanted]} on every source; "
                        "run one that does")
    folder = store / str(stages.get(results[wanted]))
    if not folder.is_dir():
        raise UserError(f"--run {name}: its {_KINDS[wanted]} is no longer in {store}: the store was moved, or tidied; "
                        "name where it is now with --store, or make it again with `orchestrate.py run`")
    return folder


def described(folder: Path, wanted: str) -> Model:
    """The model in a folder, of which "fingerprints" may be wanted. Raises UserError unless it can answer."""
    try:
        said = outputs.read_json(folder / "model.json")
        model = Model(folder, int(said["resolution"]), str(said.get("architecture", "model of another kind")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise UserError(f"{folder}: no model here; `attribution train` and `import` write one") from error
    if wanted == "fingerprints" and model.architecture != "visnet":
        raise UserError(f"--fingerprints: {folder} is a {model.architecture}, which shows none; give a visualisation "
                        "network, trained with the setting `network: visnet`")
    if model.architecture not in ("classifier", "visnet"):
        raise UserError(f"{folder}: a {model.architecture}, where a classifier or a visnet is expected")
    if not 4 <= model.resolution <= _LARGEST:
        raise UserError(f"{folder}: a model for images of {model.resolution} pixels; 4 to {_LARGEST} are possible")
    return model


def require_space(scratch: Path, images: int) -> None:
    """Raise UserError if there is no room for an image set of so many bytes, and an answer about it."""
    _store(scratch).require_space(images)


def ask(model: Model, scratch: Path, engine_name: str | None, names: list[str] | None) -> Answer:
    """What it says of the image set `scratch`/images. names: of the pictures, if fingerprints are to be drawn."""
    console = Console(stderr=True, highlight=False)
    engine = choice.choose(engine_name, console.print)
    wish = _wish(engine)
    stages = (_attribute(model, scratch, names, wish), *([_overview(scratch, names, wish)] if names else []))
    store = _store(scratch)
    wanted = runs.with_keys(Plan("attribute", stages, {}), store, engine.image_id, lambda line: None)
    runs.run(wanted, store, engine, console)
    made = [store.folder(wanted.keys[stage.name]) for stage in stages]
    said = outputs.read_json(made[0] / "attribution.json")
    return Answer(said["predictions"], made[1] if names else None)


def _store(scratch: Path) -> Store:
    return Scratch(scratch / "store")


def _wish(engine: Engine) -> Resources:
    """As much as helps, of what the largest of its hosts has."""
    has = max((node.resources for node in engine.nodes()), key=lambda each: each.cores)
    return Resources(gpus=0, cores=min(_CORES, has.cores), memory=min(_MEMORY, has.memory))


def _attribute(model: Model, scratch: Path, names: list[str] | None, wish: Resources) -> Stage:
    return Stage(
        name="attribute", image="attribution", flavour="cpu",
        command=("attribute", "--model", "{in}/model", "--images", "pictures={in}/images",
                 *(("--fingerprints",) if names else ()), "--device", "cpu", "--out", "{out}"),
        resources=wish,
        files={"model": str(model.folder), "images": str(scratch / "images")})


def _overview(scratch: Path, names: list[str] | None, wish: Resources) -> Stage:
    return Stage(
        name="overview", image="analysis", flavour="cpu",
        command=("overview", "--answer", "{in}/attribute", "--images", "{in}/images", "--config", "{config}",
                 "--out", "{out}"),
        resources=replace(wish, cores=1), config={"names": names},
        inputs={"attribute": "attribute"}, files={"images": str(scratch / "images")})
