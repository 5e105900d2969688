"""What a finished study has to show, read from the folders of its stages."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import experiments
from attribution.analysis.report import curves
from sources.contract import atomic, imagesets
from sources.contract.errors import BadInput

FIGURES = Path(__file__).with_name("figures.json")
_KEYS = ("study", "dataset", "resolution", "manifest", "experiments", "images", "trainings")
_SAMPLE = 500  # images of a source that its diversity is measured on


@dataclass(frozen=True)
class Experiment:
    """What an experiment found.

    settings: the dict of its Settings. changes: {setting: published value} of those that differ from
    the published ones. result: the dict of its result.json. section: how the report shows it.
    """

    name: str
    settings: dict
    changes: dict
    result: dict
    section: tuple


@dataclass(frozen=True)
class Source:
    """A source as the report shows it."""

    name: str
    images: imagesets.ImageSet

    @property
    def origin(self):
        """What the images' index says of where they come from."""
        return self.images.index.get("source") or {}

    @property
    def versions(self):
        """{program: version} of what made the images; where they were made in parts, the first of them."""
        made_by = self.images.index.get("made_by") or {}
        parts = made_by.get("parts")
        first = parts[0] if isinstance(parts, list) and parts else made_by
        versions = first.get("versions") if isinstance(first, dict) else None
        return versions if isinstance(versions, dict) else {}

    @cached_property
    def deviation(self):
        """The standard deviation of a pixel across images, mean over pixels: 0 (copies) to 127.5."""
        images = self.images.images[self.spread(_SAMPLE)]
        return round(float(images.std(axis=0, dtype=np.float32).mean()), 2)

    def spread(self, count):
        """The places of `count` images at most, spread evenly over the set."""
        count = min(count, self.images.count)
        return np.linspace(0, self.images.count - 1, count).astype(int)


@dataclass(frozen=True)
class Findings:
    """Everything the page is made of.

    config: the dict of the report stage. curves: {training: [{"step": int, "losses": {name: float}}]}.
    published: the dict of figures.json. stages: those of stage.json, in the order of their start.
    """

    config: dict
    experiments: list
    sources: list
    curves: dict
    published: dict
    stages: list


def read(config_path, inputs):
    """Read the findings of the study that the JSON file `config_path` describes, from the folder `inputs`.

    Raises BadInput, naming the file, for what is not there.
    """
    config, inputs, published = read_json(config_path), Path(inputs), read_json(FIGURES)
    for key in _KEYS:
        if key not in config:
            raise BadInput(f"--config {config_path}: the key {key!r} is missing")
    stages = [read_json(path) for path in inputs.glob("*/stage.json")]
    return Findings(
        config=config, published=published,
        experiments=[
            _experiment(name, inputs / place, published["figures"],
                        config["manifest"].get("experiments", {}).get(name, {}))
            for name, place in config["experiments"]],
        sources=[Source(name, imagesets.read(str(inputs / place), check=False))
                 for name, place in config["images"]],
        curves={name: _curve(inputs / place) for name, place in config["trainings"]},
        stages=sorted(stages, key=lambda stage: stage["started"]))


def read_json(path):
    """The value in a JSON file. Raises BadInput naming the file."""
    try:
        return atomic.read_json(str(path))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: {error}; run the stage that makes it again") from error


def _experiment(name, folder, figures, stated):
    module, result = experiments.load(name), read_json(folder / "result.json")
    usual = module.Settings()._asdict()
    return Experiment(
        name=name, settings={**usual, **stated}, result=result,
        changes={setting: usual[setting] for setting, value in stated.items()
                 if value != usual[setting]},
        section=module.section(result, [one for one in figures if one["experiment"] == name]))


def _curve(folder):
    path = folder / "training.json"
    return curves.checked(read_json(path)) if path.exists() else []
