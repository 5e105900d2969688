"""kNN: the labels of the nearest training images, by the distance of their pixels."""

import numpy as np

from attribution.baselines import passes, settings
from attribution.baselines.settings import KNN as Settings
from sources.contract import events
from sources.contract.errors import BadInput

NAME = "kNN"
_BLOCK = 512  # training images that distances are computed to at once


def read(path):
    """The settings, with the differences of a configuration file."""
    return settings.read(Settings, path)


def plan(settings, sets):
    """Measure the deviations of the references, then try every k on the validation images."""
    each = max(settings.references // len(sets.train), 1)
    return [*passes.blocks("measure", sets.train, settings.batch, each),
            *passes.blocks("choose", sets.validation, settings.batch)]


class Trainer(passes.Trainer):
    """Which k is right most often; the smallest of equals."""

    def begin(self):
        """Sums over the references, and how often each k was right."""
        self._references = None
        self._truth = passes.truth(self.plan, "measure")
        self._k = [k for k in self.settings.k if k <= len(self._truth)]
        if not self._k:
            raise BadInput(f"setting k: {min(self.settings.k)} or more neighbours of "
                           f"{len(self._truth)} training images")
        if len(self._k) < len(self.settings.k):
            events.log(f"of k only {self._k} are tried: there are {len(self._truth)} references")
        values = self.resolution ** 2 * 3
        return {"sum": np.zeros(values), "squares": np.zeros(values),
                "right": np.zeros(len(self._k))}

    def measure(self, block):
        """Add a block of references to the sums."""
        values = _flat(block.images)
        self.found["sum"] += values.sum(axis=0)
        self.found["squares"] += np.square(values).sum(axis=0)

    def choose(self, block):
        """Count for which k a block of validation images is attributed rightly."""
        nearest = neighbours(self._known(), block.images, max(self._k))
        for place, k in enumerate(self._k):
            said = _log_shares(nearest[:, :k], self.labels).argmax(axis=1)
            self.found["right"][place] += (said == block.number).sum()

    def weights(self):
        """references uint8 (N, D), D = R * R * 3; truth (N,), deviation (D,), k and labels ()."""
        best = int(self.found["right"].argmax())
        images = len(passes.truth(self.plan, "choose"))
        events.log(f"k = {self._k[best]}: {self.found['right'][best] / images:.1%} of the "
                   "validation images are attributed rightly")
        return {**self._known(), "k": np.array(self._k[best]), "labels": np.array(self.labels)}

    def _known(self):
        if self._references is None:
            self._references = np.concatenate([
                block.images.reshape(len(block.images), -1)
                for block in self.plan if block.work == "measure"])
        return {"references": self._references, "truth": self._truth,
                "deviation": self._deviation()}

    def _deviation(self):
        count = len(self._truth)
        variance = self.found["squares"] / count - np.square(self.found["sum"] / count)
        varies = (variance > 1e-6) & self.settings.normalize  # what never changes stays as it is
        return np.sqrt(np.where(varies, variance, 1))


def neighbours(weights, images, count):
    """int (n, count): the labels of the nearest references, the nearest first."""
    from sklearn.metrics.pairwise import euclidean_distances  # late: it takes a second to load

    asked, references = _flat(images) / weights["deviation"], weights["references"]
    distances = [euclidean_distances(asked, references[start:start + _BLOCK] / weights["deviation"])
                 for start in range(0, len(references), _BLOCK)]
    order = np.concatenate(distances, axis=1).argsort(axis=1, kind="stable")
    return weights["truth"][order[:, :count]]


def scorer(weights):
    """A function: uint8 (n, R, R, 3) -> {"scores"}, logarithms of the shares of the neighbours."""
    def say(images):
        nearest = neighbours(weights, images, int(weights["k"]))
        return {"scores": _log_shares(nearest, int(weights["labels"])).astype(np.float32)}
    return say


def _log_shares(nearest, labels):
    """Logarithms of the share of every label, (n, labels). nearest: int (n, k).

    So that none is zero, one more vote is shared by all labels; the nearest has half a vote more,
    which decides between equals and never against a majority.
    """
    votes = (nearest[:, :, None] == np.arange(labels)).sum(axis=1) + 1 / labels
    votes[np.arange(len(votes)), nearest[:, 0]] += 0.5
    return np.log(votes / votes.sum(axis=1, keepdims=True))


def _flat(images):
    return images.reshape(len(images), -1).astype(np.float64)
