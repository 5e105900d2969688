"""Images for the networks: balanced minibatches for training, blocks for everything else.

Image sets stay memory maps, so they may be larger than memory; what comes next is read while the machine computes.
"""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from sources.contract import imagesets
from sources.contract.batches import Batches, random_at
from sources.contract.errors import BadInput

BLOCK = 64  # images that are attributed together
_MIRROR = 1  # stream of random numbers
_AHEAD = 4  # minibatches or blocks


def read_sets(named_folders, first, count):
    """{name: image set} of [(name, folder)], all of one resolution, with the rows `first` to `first + count`.

    count: None for all rows from `first`. Raises BadInput for what does not fit together.
    """
    sets = {name: imagesets.read(folder) for name, folder in named_folders}
    if len(sets) != len(named_folders):
        raise BadInput("--images: a name was given twice; every set has its own")
    resolutions = {name: image_set.resolution for name, image_set in sets.items()}
    if len(set(resolutions.values())) > 1:
        raise BadInput("--images: the sets have different resolutions: "
                       + ", ".join(f"{name} {pixels}" for name, pixels in resolutions.items()))
    for name, image_set in sets.items():
        last = first + (1 if count is None else count)
        if image_set.count < last:
            raise BadInput(f"--images {name}: has {image_set.count} images, {last} are needed")
    return sets


class BalancedBatches:
    """Minibatches with equal shares of every label, each a function of (seed, number) alone."""

    def __init__(self, parts, size, seed, mirror):
        """parts: an array of uint8 images, (N, R, R, 3), per label. mirror: flip every other, by chance."""
        self._parts = [Batches(images, 1, seed) for images in parts]
        self._size, self._seed, self._mirror = size, seed, mirror

    def __getitem__(self, number):
        """Batch `number`: images, uint8 (size, R, R, 3), and labels, (size,)."""
        places = np.arange(number * self._size, (number + 1) * self._size)
        labels = places % len(self._parts)
        images = np.concatenate([self._parts[label][place // len(self._parts)]
                                 for place, label in zip(places, labels, strict=True)])
        if self._mirror:
            flipped = random_at(self._seed, _MIRROR, number).random_sample(self._size) < 0.5
            images[flipped] = images[flipped, :, ::-1]
        return images, labels


def blocks(images):
    """Yield (images, count): all of `images` in blocks of BLOCK, the last one filled up; count are to be used."""
    def block(start):
        part = images[start:start + BLOCK]
        return np.resize(part, (BLOCK, *part.shape[1:])), len(part)
    return ahead(block, range(0, len(images), BLOCK))


def ahead(make, arguments):
    """Yield make(argument) for each argument; a thread makes the next ones meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        waiting = deque()
        for argument in arguments:
            waiting.append(thread.submit(make, argument))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
