"""A real data set: which of its images go where, and how to get one."""

import io
import math
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from sources.contract.errors import BadInput

_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = Image.MAX_IMAGE_PIXELS  # as decoded; Pillow itself refuses twice as many, before it decodes
_BROKEN = (OSError, SyntaxError, ValueError, RuntimeError, TypeError, EOFError, LookupError, ArithmeticError,
           AssertionError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError)  # of Pillow


class Dataset(NamedTuple):
    """Where the images of the two image sets come from.

    gan, attribution: a key per image; attribution is in the order train, validation, test.
    image: function key -> uint8 (R, R, 3), which several threads may call at once.
    digest: a hash of what the images are made of. credits: a line for each author who has to be named.
    """

    name: str
    digest: str
    gan: Sequence[Any]
    attribution: Sequence[Any]
    image: Callable[[Any], np.ndarray]
    credits: Sequence[str] = ()


def split(items, settings, seed):
    """(gan, attribution): disjoint parts of `items`, the images of a data set in file order.

    gan is the first images in file order, so that windows of it are those of the published study of subsets.
    attribution is drawn from all others, shuffled by `seed`.
    """
    gan, others = items[:settings.gan], items[settings.gan:]
    order = np.random.RandomState(seed).permutation(len(others))[:settings.attribution]
    return gan, [others[place] for place in order]


def check_enough(path, available, settings):
    """Raise BadInput if there are fewer images than the splits take."""
    needed = settings.gan + settings.attribution
    if available < needed:
        raise BadInput(
            f"{path}: has {available} images, and {needed} are asked for (gan {settings.gan}, train {settings.train}, "
            f"validation {settings.validation}, test {settings.test}, no image in two of them); ask for fewer")


def decode(name, data, smallest_side=None):
    """The RGB image in the bytes of an image file; BadInput, with its name, if it cannot be read.

    smallest_side: decode a JPEG at a half, a quarter or an eighth, as long as its shorter side keeps so many pixels.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        if smallest_side:
            scale = smallest_side / min(image.size)
            image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))
        if image.width * image.height > _MOST_PIXELS:
            raise BadInput(f"{name}: {image.width}x{image.height} pixels, where {_MOST_PIXELS:,} at most are read; "
                           "make it smaller first")
        return image.convert("RGB")
    except _BROKEN as error:
        raise BadInput(f"{name}: not a whole image ({error}); fetch it again") from error


def resized(image, resolution):
    """A square `image` at `resolution`, with Lanczos antialiasing: uint8 (resolution, resolution, 3)."""
    if image.size != (resolution, resolution):
        image = image.resize((resolution, resolution), Image.Resampling.LANCZOS)
    return np.asarray(image)
