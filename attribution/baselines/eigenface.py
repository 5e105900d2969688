"""Eigenface: principal components of the pixels, and a linear classifier of them.

Two readings: the class with the nearest mean, as faces were first recognised (Turk and Pentland
1991), and a linear SVM, as in the only public re-implementation for these sources (Frank et al.
2020).
"""

import warnings
from itertools import product

import numpy as np

from attribution.baselines import passes, principal, probability, settings
from attribution.baselines.settings import Eigenface as Settings
from sources.contract import events

NAME = "Eigenface"
_ITERATIONS = 10_000  # of the SVM's solver, at most


def read(path):
    """The settings, with the differences of a configuration file."""
    return settings.read(Settings, path)


def candidates(settings):
    """[(variance, c)], everything to choose from; c is None for the nearest mean."""
    return list(product(settings.variance, settings.c if settings.classifier == "svm" else [None]))


def plan(settings, sets):
    """Find components, project training and validation images, try every candidate."""
    labels = len(sets.train)
    pca = max(settings.pca_images // labels, 1)
    return [passes.Block("decompose", images=_First(sets.train, pca)),
            *passes.blocks("learn", sets.train, settings.batch, max(settings.images // labels, 1)),
            *passes.blocks("look", sets.validation, settings.batch),
            *(passes.Block("fit", number) for number in range(len(candidates(settings))))]


class _First:
    """The first `each` images of every label, to be read by np.array."""

    def __init__(self, parts, each):
        self._parts = [rows[:each] for rows in parts]

    def __len__(self):
        return sum(map(len, self._parts))

    def __array__(self, dtype=None, copy=None):
        return np.concatenate(self._parts)


class Trainer(passes.Trainer):
    """Which candidate is right about most validation images; the first of equals."""

    def begin(self):
        """No components, no features, nothing that is right."""
        return {"right": np.array(-1)}

    def decompose(self, block):
        """Find the components."""
        found = principal.find(block.images, self.settings.components)
        if found.shares[-1] < max(self.settings.variance):
            events.log(f"the {len(found.shares)} components that are kept have "
                       f"{found.shares[-1]:.1%} of the variance")
        nothing = np.zeros((0, len(found.shares)))
        self.found |= {"mean": found.mean, "components": found.directions, "shares": found.shares,
                       "learnt": nothing, "looked": nothing}

    def learn(self, block):
        """Keep the features of training images."""
        self.append("learnt", _project(self.found, block.images))

    def look(self, block):
        """Keep the features of validation images."""
        self.append("looked", _project(self.found, block.images))

    def fit(self, block):
        """Try a candidate: it stays if no other was right as often."""
        variance, c = candidates(self.settings)[block.number]
        count = min(int((self.found["shares"] < variance).sum()) + 1, len(self.found["shares"]))
        features, truth = self.found["learnt"][:, :count], passes.truth(self.plan, "learn")
        new = (nearest_mean(features, truth) if c is None
               else linear_svm(features, truth, c, self.seed))
        said = (self.found["looked"][:, :count] @ new["directions"] + new["offsets"]).argmax(axis=1)
        right = (said == passes.truth(self.plan, "look")).sum()
        events.log(f"variance {variance}, {count} components" + (f", C {c}" if c else "")
                   + f": {right / len(said):.1%} of the validation images are attributed rightly")
        if right > self.found["right"]:
            self.found |= {"right": np.array(right), **new}

    def weights(self):
        """float32: mean (D,), components (d, D), directions (d, labels), offsets (labels,).

        Features are (image - mean) . components, images from -1 to 1; scores are features .
        directions + offsets.
        """
        count = len(self.found["directions"])
        scores = self.found["looked"][:, :count] @ self.found["directions"] + self.found["offsets"]
        factor = probability.factor(scores, passes.truth(self.plan, "look"))
        model = {"mean": self.found["mean"], "components": self.found["components"][:count],
                 "directions": self.found["directions"] * factor,
                 "offsets": self.found["offsets"] * factor}
        return {name: value.astype(np.float32) for name, value in model.items()}


def nearest_mean(features, truth):
    """{"directions": (d, labels), "offsets"}: the largest score is that of the nearest mean.

    Half the squared distance times -1, without the part that all labels share: f . m - |m|^2 / 2.
    """
    means = np.array([features[truth == label].mean(axis=0) for label in range(truth.max() + 1)])
    return {"directions": means.T, "offsets": -np.square(means).sum(axis=1) / 2}


def linear_svm(features, truth, c, seed):
    """The same of a linear SVM for every label against all others; scores are its margins."""
    from sklearn.svm import LinearSVC  # late: it takes a second to load

    machine = LinearSVC(C=c, max_iter=_ITERATIONS, random_state=seed)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        machine.fit(features, truth)
    for warning in said:
        events.warning(f"C {c}: {warning.message}")
    if len(machine.coef_) == 1:  # two labels have one margin
        return {"directions": np.concatenate([-machine.coef_, machine.coef_]).T,
                "offsets": np.concatenate([-machine.intercept_, machine.intercept_])}
    return {"directions": machine.coef_.T, "offsets": machine.intercept_}


def scorer(weights):
    """A function: uint8 (n, R, R, 3) -> {"scores", "features": (n, d)}."""
    weights = {name: value.astype(np.float64) for name, value in weights.items()}

    def say(images):
        features = _project(weights, images)
        scores = features @ weights["directions"] + weights["offsets"]
        return {"scores": scores.astype(np.float32), "features": features.astype(np.float32)}
    return say


def _project(found, images):
    return (principal.values(images) - found["mean"]) @ found["components"].T
