"""What a finished study has to show, read from the folders of its stages."""

import json
from dataclasses import dataclass
from pathlib import Path

from sources.contract import imagesets
from sources.contract.errors import BadInput

PUBLISHED = Path(__file__).parents[1] / "published.json"


@dataclass(frozen=True)
class Source:
    """A source as the report shows it: its images, and for a GAN how its training went."""

    name: str
    images: imagesets.ImageSet
    curve: list  # [{"step": int, "losses": {name: float}}], empty for real images and imported models
    credits: list


@dataclass(frozen=True)
class Findings:
    """Everything the page is made of. evaluation: the dict of evaluation.json. stages: dicts of stage.json."""

    config: dict
    evaluation: dict
    sources: list
    classifier_curve: list
    published: list
    stages: list


def read(config, inputs):
    """Read the findings of the study that `config` (a dict, see the plan's report stage) describes."""
    inputs = Path(inputs)
    real = _source(inputs, config["real"]["name"], config["real"]["images"], None)
    fakes = [_source(inputs, entry["name"], entry["images"], entry["model"]) for entry in config["sources"]]
    return Findings(
        config=config, sources=[real, *fakes],
        evaluation=read_json(inputs / config["evaluation"] / "evaluation.json"),
        classifier_curve=_curve(inputs / config["classifier"]),
        published=_published(config["dataset"]),
        stages=sorted((read_json(path) for path in inputs.glob("*/stage.json")), key=lambda stage: stage["started"]))


def read_json(path):
    """The value in a JSON file. Raises BadInput naming the file."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}; run the stage that makes it again") from error


def _source(inputs, name, images, model):
    image_set = imagesets.read(inputs / images, check=False)
    curve = _curve(inputs / model) if model else []
    return Source(name, image_set, curve, image_set.index["source"].get("credits", []))


def _curve(folder):
    path = folder / "training.json"
    return read_json(path)["curve"] if path.exists() else []


def _published(dataset):
    figures = read_json(PUBLISHED)["figures"]
    return [figure for figure in figures if figure["dataset"] == dataset]
