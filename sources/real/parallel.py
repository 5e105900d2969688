"""Work for several threads, and random numbers of each one's own.

Pillow decodes and resizes without Python's lock, so that all cores are at it.
"""

import collections
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_AHEAD = 2  # items for each thread


def each(function, items):
    """Yield function(item) for each of `items`, in their order, by as many threads as the cores that we were given.

    The threads go on while the caller is at what came, and are a few items ahead, so that memory stays constant.
    Raises what `function` raises where its result would have been.
    """
    with ThreadPoolExecutor(_cores()) as pool:
        coming = collections.deque()
        for item in items:
            coming.append(pool.submit(function, item))
            if len(coming) > _AHEAD * _cores():
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


class Draws(threading.local):
    """The random numbers of `random_at`, from one RandomState for each thread.

    To make one takes 90 us, as NumPy seeds it with the system's entropy before it looks at ours; to seed it again 10.
    """

    def __init__(self):
        self._random = np.random.RandomState(0)

    def at(self, seed, stream, step):
        """random_at(seed, stream, step), good until this thread asks for others."""
        self._random.seed([seed, stream, step])
        return self._random


def _cores():
    """As many as we were given: each has a whole picture in memory, and memory is given with cores."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return max(int(given), 1) if given.isdecimal() else len(os.sched_getaffinity(0))
