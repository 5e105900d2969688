"""One attribution method under trial: what it is given, and the format of what it says."""

import functools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.conformance.callers import call
from tests.conformance.trial import check_events, expect, last, sha256, write_set

TRAIN, VALIDATION, TEST = 48, 16, 32  # rows of every set, in this order
ROWS = {"scores": 2, "features": 2, "familiarity": 1, "maps": 4, "fingerprints": 4}  # axes of NAME.npy


class Said(NamedTuple):
    """What a method said: scores, float32 (rows, labels), and the dict of attribution.json."""

    scores: np.ndarray
    index: dict

    @property
    def labels(self):
        """The predicted label of every row."""
        return [entry["label"] for entry in self.index["predictions"]]


class MethodTrial:
    """One method, image sets of three sources for it, and what it makes of them below `folder`.

    config: the settings of a tiny training.
    """

    def __init__(self, method, folder, config, resolution=32):
        self.source, self.folder, self.resolution = method, Path(folder).resolve(), resolution
        self.sets = {name: write_set(self.folder / "sets" / name, images)
                     for name, images in sources(resolution, TRAIN + VALIDATION + TEST).items()}
        self.images = self.sets["rough"]  # one to be spoilt
        self.config = self.write("config.json", json.dumps(config))

    def write(self, name, text):
        """Write a file for the method to read."""
        path = self.folder / name
        path.write_text(text)
        return path

    def training(self, name, *arguments, sets=None, start=None):
        """The arguments of a call that trains into the folder `name`. start: a model to go on from."""
        reads = {"images": sets or self.sets, "config": self.config}
        if start:
            reads["start"] = start
        words = ("--train", str(TRAIN), "--validation", str(VALIDATION), "--seed", "7", *arguments)
        return self.source, "train", reads, self.folder / name, words

    @functools.cached_property
    def trained(self):
        """How an undisturbed training ended; its model is in the folder `model`."""
        return call(*self.training("model"))

    @property
    def model(self):
        """The folder of the trained model."""
        expect(self.trained.status == 0,
               f"train ended with {self.trained.status}: {last(self.trained.errors)}")
        return self.folder / "model"

    def train(self, name, **changes):
        """Train another model; its folder."""
        ended = call(*self.training(name, **changes))
        expect(ended.status == 0, f"train ended with {ended.status}: {last(ended.errors)}")
        return self.folder / name

    def attribute(self, name, first=0, count=None, model=None, sets=None):
        """What a model says of rows of some sets, after looking at every promise of its format."""
        sets = sets or self.sets
        words = ("--first", str(first), *(("--count", str(count)) if count else ()))
        ended = call(self.source, "attribute", {"model": model or self.model, "images": sets},
                     self.folder / name, words)
        expect(ended.status == 0, f"attribute ended with {ended.status}: {last(ended.errors)}")
        check_events(ended)
        return read(self.folder / name, sets, first, count or TRAIN + VALIDATION + TEST - first)

    def tested(self, name, **changes):
        """What a model says of the rows for tests."""
        return self.attribute(name, first=TRAIN + VALIDATION, **changes)


def sources(resolution, count):
    """{name: images, (count, R, R, 3)}: they differ in brightness, pattern, noise and spectrum."""
    random, found = np.random.RandomState(1), {}
    places = np.arange(resolution)
    for number, name in enumerate(("rough", "even", "striped")):
        ramps = np.linspace(0, 60, resolution)[None, :, None, None] * random.rand(count, 1, 1, 3)
        stripes = 12 * np.cos(np.pi * places * number / 2)[None, None, :, None]
        pattern = 6 * random.randn(1, resolution, resolution, 3)
        noise = 4 * (3 - number) * random.randn(count, resolution, resolution, 3)
        values = 60 + 30 * number + ramps + stripes + pattern + noise
        found[name] = np.clip(values, 0, 255).astype(np.uint8)
    return found


def read(folder, sets, first, count):
    """What a method wrote about rows [first, first + count) of `sets`."""
    index = json.loads((folder / "attribution.json").read_text())
    expect(set(index) >= {"labels", "sets", "predictions"},
           f"attribution.json has only {sorted(index)}")
    expected = [{"name": name, "first": first, "count": count,
                 "sha256": sha256(path / "images.npy")}
                for name, path in sets.items()]
    expect(index["sets"] == expected,
           f"attribution.json: sets are {index['sets']} instead of {expected}")
    rows = count * len(sets)
    for name, axes in ROWS.items():
        if name == "scores" or (folder / f"{name}.npy").exists():
            values = np.load(folder / f"{name}.npy", allow_pickle=False)
            expect((values.dtype, values.ndim, len(values)) == (np.float32, axes, rows),
                   f"{name}.npy holds {values.dtype} {values.shape} for {rows} rows")
            expect(np.isfinite(values).all(), f"{name}.npy: not all values are finite")
    said = Said(np.load(folder / "scores.npy", allow_pickle=False), index)
    expect(said.scores.shape[1] == len(index["labels"]),
           f"scores.npy has the shape {said.scores.shape}")
    _check_predictions(said)
    return said


def _check_predictions(said):
    """The predictions are the largest of the softmax of the scores; all say "known", or none."""
    labels, predictions = said.index["labels"], said.index["predictions"]
    powers = np.exp(said.scores - said.scores.max(axis=1, keepdims=True))
    best = powers.max(axis=1) / powers.sum(axis=1)
    expect(len(predictions) == len(best), f"{len(predictions)} predictions of {len(best)} rows")
    known = {type(entry.get("known")) for entry in predictions}
    expect(known in ({bool}, {type(None)}), "known is neither true nor false for some rows")
    for row, entry in enumerate(predictions):
        place = labels.index(entry["label"])
        expect(said.scores[row, place] == said.scores[row].max(),
               f"row {row}: the label is {entry['label']}, which has not the largest score")
        expect(abs(entry["probability"] - best[row]) < 1e-4,
               f"row {row}: the probability is {entry['probability']}, but the softmax of the "
               f"scores {best[row]}")
