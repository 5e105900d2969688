"""What a network that is being trained says of images that it does not learn from."""

import functools
import math

import numpy as np

from attribution import feeding, openset, trainers


class Validated:
    """A trainer that also measures, every settings.validate_every steps, the share of right labels.

    parts: the held-out images, uint8 (N, R, R, 3), of each label. start: the weights of a model to
    begin with, or None. A checkpoint holds the last measurement.
    """

    def __init__(self, settings, resolution, seed, device, parts, start=None):
        self._settings, self.device, self._parts = settings, device, parts
        self._trainer = trainers.new(settings, resolution, seed, device, len(parts))
        if start is not None:
            self._trainer.begin(start)
        self._accuracy = math.nan  # not measured yet

    def images_in(self, number):
        """How many images step `number` learns from."""
        return self._trainer.images_in(number)

    def step(self, number, batches):
        """Do step `number`; {name: loss}, and "validation_accuracy" as soon as there is one."""
        losses, done = self._trainer.step(number, batches), number + 1
        if done % self._settings.validate_every == 0 or done == self._settings.steps:
            self._accuracy = self._measure()
        if math.isnan(self._accuracy):
            return losses
        return dict(losses, validation_accuracy=self._accuracy)

    def state(self):
        """{name: array}, everything that training changes."""
        return dict(self._trainer.state(), validation_accuracy=self._accuracy)

    def restore(self, state):
        """Continue from what `state` returned."""
        self._accuracy = float(state["validation_accuracy"])
        self._trainer.restore(state)

    def weights(self):
        """{name: array} of the model; of a classifier also what openset.familiarity takes."""
        fitted, _ = self._unknown
        return dict(self._trainer.weights(),
                    **{f"{openset.PART}/{name}": value for name, value in fitted.items()})

    def describe(self):
        """What model.json says of the trained model: of a classifier, "unknown", its threshold."""
        return self._unknown[1]

    @functools.cached_property
    def _unknown(self):
        """What openset.familiarity takes, and the description of the threshold, when all is learnt.

        A visualisation network has no features, and neither.
        """
        if self._settings.network != "classifier":
            return {}, {}
        features = [self._trainer.features(block).numpy()[:count]
                    for images in self._parts for block, count in feeding.blocks(images)]
        features, sizes = np.concatenate(features), [len(images) for images in self._parts]
        fitted = openset.fit(features, np.repeat(np.arange(len(sizes)), sizes))
        least = openset.threshold(openset.familiarity(features, fitted))
        return fitted, {"unknown": {"score": openset.SCORE, "threshold": least,
                                    "kept": openset.KEPT}}

    def _measure(self):
        right = 0
        for label, images in enumerate(self._parts):
            for block, count in feeding.blocks(images):
                logits = self._trainer.logits(block).numpy()[:count]
                right += int((logits.argmax(axis=1) == label).sum())
        return right / sum(map(len, self._parts))
