"""What a finished study has to show, read from the folders of its stages."""

import json
from dataclasses import dataclass
from pathlib import Path

from sources.contract import imagesets
from sources.contract.errors import BadInput

PUBLISHED = Path(__file__).parents[1] / "published.json"
_KEYS = ("study", "dataset", "resolution", "manifest", "real", "sources", "classifier", "evaluation")


@dataclass(frozen=True)
class Source:
    """A source as the report shows it: its images, and for a GAN how its training went."""

    name: str
    images: imagesets.ImageSet
    curve: list  # [{"step": int, "losses": {name: float}}], empty for real images and imported models

    @property
    def origin(self):
        """What the images' index says of where they come from."""
        return self.images.index.get("source") or {}

    @property
    def versions(self):
        """{program: version} of what made the images."""
        return (self.images.index.get("made_by") or {}).get("versions") or {}


@dataclass(frozen=True)
class Findings:
    """Everything the page is made of.

    config: the dict of the report stage. evaluation: that of evaluation.json. published: that of published.json.
    stages: those of stage.json, in the order of their start.
    """

    config: dict
    evaluation: dict
    sources: list
    classifier_curve: list
    published: dict
    stages: list


def read(config_path, inputs):
    """Read the findings of the study that the JSON file `config_path` describes, from the folder `inputs`.

    Raises BadInput, naming the file, for what is not there.
    """
    config, inputs = read_json(config_path), Path(inputs)
    for key in _KEYS:
        if key not in config:
            raise BadInput(f"--config {config_path}: the key {key!r} is missing")
    real = _source(inputs, config["real"], curve=[])
    fakes = [_source(inputs, entry, _curve(inputs / entry["model"])) for entry in config["sources"]]
    return Findings(
        config=config, sources=[real, *fakes],
        evaluation=read_json(inputs / config["evaluation"] / "evaluation.json"),
        classifier_curve=_curve(inputs / config["classifier"]), published=read_json(PUBLISHED),
        stages=sorted((read_json(path) for path in inputs.glob("*/stage.json")), key=lambda stage: stage["started"]))


def read_json(path):
    """The value in a JSON file. Raises BadInput naming the file."""
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}; run the stage that makes it again") from error


def _source(inputs, entry, curve):
    return Source(entry["name"], imagesets.read(str(inputs / entry["images"]), check=False), curve)


def _curve(folder):
    path = folder / "training.json"
    return read_json(path)["curve"] if path.exists() else []
