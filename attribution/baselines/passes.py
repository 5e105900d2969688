"""The steps of a training: blocks of images, pass after pass. No more than a block is in memory."""

from typing import NamedTuple

import numpy as np

from attribution.baselines import device as devices


class Block(NamedTuple):
    """What one step works on.

    work: the trainer's method that does it. number: the label of the images or, without images,
    whatever the work counts. images: uint8 (n, R, R, 3), a part of a memory map.
    """

    work: str
    number: int = 0
    images: np.ndarray = np.zeros((0, 0, 0, 3), np.uint8)


def blocks(work, parts, size, most=None):
    """Blocks of `size` images of the first `most` of every label. parts: images by label."""
    return [Block(work, label, rows[:most][start:start + size])
            for label, rows in enumerate(parts)
            for start in range(0, len(rows[:most]), size)]


def truth(plan, work):
    """int (N,): the label of every image on which `work` is done, in order."""
    return np.concatenate([np.full(len(block.images), block.number)
                           for block in plan if block.work == work])


class Reading:
    """The blocks of a plan by number, read from disk when they are asked for."""

    def __init__(self, plan):
        self._plan = plan

    def __getitem__(self, number):
        block = self._plan[number]
        return block._replace(images=np.array(block.images))


class Trainer:
    """A training that does its plan block after block, for training.run.

    labels: how many. found: {name: array}, all that the steps have found so far.
    """

    device = "cpu"

    def __init__(self, settings, resolution, seed, device, labels, plan):
        devices.choose(device)
        self.settings, self.resolution, self.seed = settings, resolution, seed
        self.labels, self.plan = labels, plan
        self.found = self.begin()

    def begin(self):
        """{name: array} before the first step."""
        raise NotImplementedError

    def images_in(self, number):
        """How many images step `number` looks at."""
        return len(self.plan[number].images)

    def step(self, number, batches):
        """Do the work of block `number`."""
        block = batches[number]
        getattr(self, block.work)(block)
        return {}

    def state(self):
        """{name: array}, everything that training changes."""
        return self.found

    def restore(self, state):
        """Continue from what `state` returned."""
        self.found = state

    def weights(self):
        """{name: array} of the model."""
        raise NotImplementedError

    def append(self, name, rows):
        """Add rows to an array of what was found."""
        self.found[name] = np.concatenate([self.found[name], rows])
