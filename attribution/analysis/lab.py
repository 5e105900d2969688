"""What an experiment's `measure` is given: the finished stages that its `steps` asked for, by their names."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from attribution.analysis import answers, fingerprints
from attribution.analysis.metrics import confusion_matrix, logsumexp, metrics
from sources.contract import imagesets
from sources.contract.errors import BadInput


class Scores(NamedTuple):
    """What a method said of images whose source is known.

    labels: what it tells apart. truth: int (N,), the place in `labels` of each image's source; -1:
    it is none of them. values: float64 (N, labels), the scores.
    """

    labels: list
    truth: np.ndarray
    values: np.ndarray

    @property
    def right(self):
        """Whether the label with the largest score is the true one, bool (N,)."""
        return self.values.argmax(axis=1) == self.truth

    @property
    def energy(self):
        """The logarithm of the sum of e ** scores, (N,): large for images like those learnt from."""
        return logsumexp(self.values)[:, 0]

    def log_probabilities(self, temperature=1.0):
        """The logarithm of the softmax of scores / temperature, (N, labels)."""
        scores = self.values / temperature
        return scores - logsumexp(scores)


class Lab:
    """The results that a measurement may look at. names: in the order in which `steps` gave them."""

    def __init__(self, inputs, places, rows=None):
        """inputs: the folder of finished stages. places: {name: folder below it}.

        rows: {use: [first, count]} of every image set: "train", "validation", "test".
        """
        self._folders = {name: Path(inputs, place) for name, place in places.items()}
        self._rows = rows or {}
        self.names = list(places)

    def scores(self, name, condition=""):
        """The Scores of a stage that attributed image sets. Raises BadInput if it did not.

        A set whose name is no label has images of none of them. condition: of sets that are named
        LABEL@CONDITION, which of them.
        """
        folder = self._folders[name]
        try:
            said, values = answers.index(folder / "attribution.json"), answers.array(folder / "scores.npy")
            labels = said["labels"]
            sets = [set_name.partition("@")[::2] for set_name in answers.names(said, len(values))]
            truth = np.array([labels.index(label) if label in labels else -1 for label, _ in sets])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, BadInput) as error:
            raise BadInput(f"{folder}: no scores of a method that knows these images ({error}); "
                           "docs/methods.md says what `attribute` writes") from error
        if values.shape != (len(truth), len(labels)) or not np.isfinite(values).all():
            raise BadInput(f"{folder}/scores.npy: expected finite numbers, {len(truth)} images x "
                           f"{len(labels)} labels, found {values.shape}")
        meant = np.array([found == condition for _, found in sets], bool)
        return Scores(labels, truth[meant], values[meant].astype(float))

    def features(self, name):
        """What the method knew of the images of `scores(name)`, float32 (N, D), or None.

        Or what a general network saw in images, of a stage that study.perceived asked for.
        """
        path = self._folders[name] / "features.npy"
        return answers.array(path) if path.exists() else None

    def distances(self, name):
        """How far each image of a set looks from its nearest neighbour, float32 (N,), each 0 or more.

        Raises BadInput where they were not measured.
        """
        path = self._folders[name] / "distances.npy"
        try:
            return answers.array(path)
        except BadInput as error:
            raise BadInput(f"{path}: no distances ({error}); study.nearest measures them") from error

    def familiarity(self, name):
        """How well the method knows images like those of `scores(name)`, float32 (N,), or None."""
        path = self._folders[name] / "familiarity.npy"
        return answers.array(path) if path.exists() else None

    def labels_of(self, name):
        """The name of its image set for every row of `features(name)`, text (N,)."""
        folder = self._folders[name]
        index = next(path for path in (folder / "attribution.json", folder / "features.json")
                     if path.exists())
        try:
            return answers.names(answers.index(index), len(answers.array(folder / "features.npy")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{index}: does not say of which images its features are ({error})") from error

    def fingerprints(self, name):
        """The Fingerprints of a stage that was asked for them. Raises BadInput if it was not."""
        return fingerprints.read(self._folders[name])

    def images(self, name, use=None):
        """The images of a set: a read-only memory map, uint8 (N, R, R, 3).

        use: "train", "validation" or "test": those images alone that the study keeps for it.
        Raises ValueError for a use of a set that has not got all rows: they are at other places.
        """
        images = imagesets.read(str(self._folders[name]), check=False).images
        if use and len(images) < max(map(sum, self._rows.values())):
            raise ValueError(f"{name}: has {len(images)} images, not all of a source's: ask for "
                             "them without a use")
        first, count = self._rows[use] if use else (0, len(images))
        return images[first:first + count]

    def metrics(self, name, condition=""):
        """Accuracy, confusion matrix, precision and recall, as metrics.metrics gives them."""
        scores = self.scores(name, condition)
        if scores.truth.min(initial=0) < 0:
            raise BadInput(f"{self._folders[name]}: has images of sources that the method was not "
                           "trained on; look at its scores")
        predicted = scores.values.argmax(axis=1)
        return metrics(scores.labels, confusion_matrix(scores.truth, predicted, len(scores.labels)))
