"""A real data set: which of its images go where, and how to get one."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from datasets import Asked, Unusable


class Dataset(NamedTuple):
    """Where the images of the two image sets come from.

    gan, attribution: a key per image; attribution is in the order train, validation, test.
    image: function key -> uint8 (R, R, 3), which several threads may call at once; it raises Unusable.
    digest: a hash of what the images are made of. credits: a line for each author who has to be named, or for what
    else the report should say of the originals. remarks: what `image` has to say of single pictures, as it goes on.
    """

    name: str
    digest: str
    gan: Sequence[Any]
    attribution: Sequence[Any]
    image: Callable[[Any], np.ndarray]
    credits: Sequence[str] = ()
    remarks: Sequence[str] = ()


def require_usable(kind, path, settings):
    """Raise Unusable unless there is a data set at `path`, with as much in it as is asked for. kind: its module."""
    if trouble := kind.form(path) or kind.content(path, Asked(*settings)):
        raise Unusable(f"--archive {path}: {trouble}")


def split(items, settings, seed):
    """(gan, attribution): disjoint parts of `items`, the images of a data set in file order.

    gan is the first images in file order, so that windows of it are those of the published study of subsets.
    attribution is drawn from all others, shuffled by `seed`.
    """
    gan, others = items[:settings.gan], items[settings.gan:]
    order = np.random.RandomState(seed).permutation(len(others))[:settings.attribution]
    return gan, [others[place] for place in order]
