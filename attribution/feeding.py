"""Images for the networks: balanced minibatches for training, blocks for everything else.

Image sets stay memory maps, so they may be larger than memory.
"""

import numpy as np

from sources.contract.ahead import ahead
from sources.contract.batches import Batches, random_at

BLOCK = 64  # images that are attributed together
_MIRROR = 1  # stream of random numbers


class BalancedBatches:
    """Minibatches with equal shares of every label, each a function of (seed, number) alone."""

    def __init__(self, parts, size, seed, mirror):
        """parts: uint8 images, (N, R, R, 3), of each label. mirror: flip every other, by chance."""
        self._parts = [Batches(images, 1, seed) for images in parts]
        self._size, self._seed, self._mirror = size, seed, mirror

    def __getitem__(self, number):
        """Batch `number`: images, uint8 (size, R, R, 3), and labels, (size,)."""
        places = np.arange(number * self._size, (number + 1) * self._size)
        labels, turns = places % len(self._parts), places // len(self._parts)
        flipped = self._flipped(number)
        images = np.empty((self._size, *self._parts[0].images.shape[1:]), np.uint8)
        for out, label, turn, mirrored in zip(images, labels.tolist(), turns.tolist(), flipped,
                                              strict=True):
            index, = self._parts[label].indices(turn)
            _copy(self._parts[label].images[index], out, mirrored)
        return images, labels

    def _flipped(self, number):
        if not self._mirror:
            return np.zeros(self._size, bool)
        return random_at(self._seed, _MIRROR, number).random_sample(self._size) < 0.5


def _copy(image, out, mirrored):
    """Into `out`, (R, R, 3); a mirror image colour by colour, as all at once take four times as long."""
    if not mirrored:
        out[:] = image
        return
    for colour in range(out.shape[-1]):
        out[..., colour] = image[:, ::-1, colour]


def blocks(images):
    """Yield (images, count): all of `images` in blocks of BLOCK, of which count are to be used."""
    def block(start):
        part = images[start:start + BLOCK]
        return np.resize(part, (BLOCK, *part.shape[1:])), len(part)
    return ahead(block, range(0, len(images), BLOCK))
