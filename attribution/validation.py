"""How often a network that is being trained is right about images that it does not learn from."""

import math

from attribution import feeding, trainers


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
        """{name: array} of the model."""
        return self._trainer.weights()

    def _measure(self):
        right = 0
        for label, images in enumerate(self._parts):
            for block, count in feeding.blocks(images):
                logits = self._trainer.logits(block).numpy()[:count]
                right += int((logits.argmax(axis=1) == label).sum())
        return right / sum(map(len, self._parts))
