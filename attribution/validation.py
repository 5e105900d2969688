"""What a network that is being trained says of images that it does not learn from."""

import functools
import math

import numpy as np

from attribution import feeding, openset, trainers


class Validated:
    """A trainer that also measures, every settings.validate_every steps, the share of right labels.

    sets: has train and validation, the images, uint8 (N, R, R, 3), of each label. start: the
    weights of a model to begin with, or None. A checkpoint holds the last measurement.
    """

    def __init__(self, settings, resolution, seed, device, sets, start=None):
        self._settings, self.device, self._sets = settings, device, sets
        self._trainer = trainers.new(settings, resolution, seed, device, len(sets.train))
        if start is not None:
            self._trainer.begin(start)
        self._accuracy = math.nan  # not measured yet

    def images_in(self, number):
        """How many images step `number` learns from."""
        return self._trainer.images_in(number)

    def bring(self, batch):
        """A batch where the network is."""
        return self._trainer.bring(batch)

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
        """{name: array} of the model; of a classifier also those of openset.py."""
        learnt, references = self._trainer.weights(), self._references
        return learnt if references is None else {**learnt, openset.REFERENCES: references}

    def describe(self):
        """What else model.json says: of a classifier, when an image is of none of its labels."""
        if self._references is None:
            return {}
        known = openset.Known(self._references)
        return {"unknown": openset.unknown(known.familiarity(self._features(self._sets.validation)))}

    @functools.cached_property
    def _references(self):
        """Features of images that were learnt from, when all is learnt; a visnet has none."""
        if self._settings.network != "classifier":
            return None
        return self._features([images[:openset.IMAGES] for images in self._sets.train])

    def _features(self, parts):
        """The features of all images of [(N, R, R, 3)], float32 (sum of N, D)."""
        return np.concatenate([self._trainer.features(block).numpy()[:count]
                               for images in parts for block, count in feeding.blocks(images)])

    def _measure(self):
        right = 0
        for label, images in enumerate(self._sets.validation):
            for block, count in feeding.blocks(images):
                logits = self._trainer.logits(block).numpy()[:count]
                right += int((logits.argmax(axis=1) == label).sum())
        return right / sum(map(len, self._sets.validation))
