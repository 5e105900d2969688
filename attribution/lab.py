"""What an experiment's `measure` is given: the finished stages that its `steps` asked for, by their names."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from attribution.metrics import confusion_matrix, metrics
from sources.contract import imagesets
from sources.contract.errors import BadInput


class Scores(NamedTuple):
    """What a method said of images whose source is known.

    labels: what it tells apart. truth: int (N,), the place in `labels` of each image's source. values:
    float32 (N, labels), the scores.
    """

    labels: list
    truth: np.ndarray
    values: np.ndarray


class Lab:
    """The results that a measurement may look at. names: in the order in which `steps` gave them."""

    def __init__(self, inputs, places):
        """inputs: the folder of finished stages. places: {name: folder below it}."""
        self._folders = {name: Path(inputs, place) for name, place in places.items()}
        self.names = list(places)

    def scores(self, name, condition=""):
        """The Scores of a stage that attributed image sets. Raises BadInput if it did not.

        condition: of sets that are named LABEL@CONDITION, which of them.
        """
        folder = self._folders[name]
        try:
            said = json.loads((folder / "attribution.json").read_text("utf-8"))
            values = np.load(folder / "scores.npy", allow_pickle=False)
            sets = [(*one["name"].partition("@")[::2], one["count"]) for one in said["sets"]]
            truth = np.repeat([said["labels"].index(label) for label, _, _ in sets],
                              [count for _, _, count in sets])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{folder}: no scores of a method that knows these images ({error}); "
                           "docs/methods.md says what `attribute` writes") from error
        if values.shape != (len(truth), len(said["labels"])) or not np.isfinite(values).all():
            raise BadInput(f"{folder}/scores.npy: expected finite numbers, {len(truth)} images x "
                           f"{len(said['labels'])} labels, found {values.shape}")
        meant = np.repeat([found == condition for _, found, _ in sets],
                          [count for _, _, count in sets])
        return Scores(said["labels"], truth[meant], values[meant])

    def images(self, name):
        """The images of a set: a read-only memory map, uint8 (N, R, R, 3)."""
        return imagesets.read(str(self._folders[name]), check=False).images

    def metrics(self, name, condition=""):
        """Accuracy, confusion matrix, precision and recall, as metrics.metrics gives them."""
        scores = self.scores(name, condition)
        predicted = scores.values.argmax(axis=1)
        return metrics(scores.labels, confusion_matrix(scores.truth, predicted, len(scores.labels)))
