"""Shuffled minibatches of an image set, each a function of (seed, number) alone."""

import numpy as np

from .errors import BadInput


class Batches(object):
    """Minibatches of `images`, (N, ...), shuffled anew every epoch.

    Nothing but the current epoch's order is held in memory, so `images` may be a memory map of any size.
    A batch may span two epochs; no image is left out.
    """

    def __init__(self, images, size, seed):
        if len(images) < size:
            raise BadInput("--images: a batch takes %d images, the set has %d" % (size, len(images)))
        self.images, self.size, self.seed = images, size, seed
        self._order = {}

    def __getitem__(self, number):
        """Batch `number` (from 0): an array of `size` images."""
        return np.stack([self.images[index] for index in self.indices(number)])

    def indices(self, number):
        """The places in `images` of the members of batch `number`."""
        count = len(self.images)
        positions = range(number * self.size, (number + 1) * self.size)
        return [self._epoch(position // count)[position % count] for position in positions]

    def _epoch(self, epoch):
        if epoch not in self._order:
            self._order = {key: order for key, order in self._order.items() if key == epoch - 1}
            self._order[epoch] = np.random.RandomState([self.seed, 0, epoch]).permutation(len(self.images))
        return self._order[epoch]


def random_at(seed, stream, step):
    """The random numbers of one step of a training: a RandomState made from (seed, stream, step).

    No random state has to be saved: a run that continues at `step` draws what an undisturbed one would.
    stream: a number > 0 that keeps different uses apart (0 is the order of the images).
    """
    return np.random.RandomState([seed, stream, step])
