"""Photographs: crops of the wallpapers that the image has, or the photographs in a folder of the user's.

Of a folder, every photograph belongs to one split alone, so that no two splits have anything of one in common.
Where there are as many as images, each gives its centre; where there are fewer, each gives several crops.
"""

import functools
import hashlib

import numpy as np
from PIL import Image

from datasets import Asked, Unusable, pictures
from datasets import photos as known
from sources.contract import events, imagesets

from . import wallpapers, writing
from .dataset import Dataset, require_usable
from .parallel import Draws

_KEPT_BYTES = 1 << 28  # of photographs made smaller, for the next crop


def photos(arguments):
    """The verb photos."""
    writing.make(arguments, open_dataset)


def open_dataset(folder, settings, seed):
    """The photographs in `folder`; None: the wallpapers.

    Raises Unusable for a folder that is missing or empty, and for photographs that are too few or too small.
    """
    if folder is None:
        return wallpapers.open_dataset(settings, seed)
    require_usable(known, folder, settings)
    asked, remarks = Asked(*settings), []
    hashes = {file: imagesets.hash_file(file) for file in known.files(folder)}
    files = _distinct(folder, hashes, asked)
    parts, single = deal(files, asked, seed), known.single(len(files), asked)
    pixels = _centres(settings, remarks) if single else _crops(settings, seed, remarks)
    if not single:
        events.log(f"{len(files)} photographs for {sum(asked.splits)} images: each gives several crops")

    def image(key):
        number, row = key
        return pixels(parts[number][row % len(parts[number])], number, row)

    gan, *attribution = ([(number, row) for row in range(count)] for number, count in enumerate(asked.splits))
    digest = hashlib.sha256("".join(hashes[file] for file in files).encode()).hexdigest()
    return Dataset(known.name(folder), digest, gan, sum(attribution, []), image, [_told(len(files), parts)], remarks)


def _distinct(folder, hashes, asked):
    """The photographs, each once: a copy under another name could come into another split. Says what is left out."""
    files = sorted({sha256: file for file, sha256 in reversed(hashes.items())}.values())
    if trouble := known.judged(files, asked):
        raise Unusable(f"--archive {folder}: without copies under other names, it {trouble}")
    copies = [f"{len(hashes) - len(files)} copies under other names"] if len(files) < len(hashes) else []
    if others := ", ".join(filter(None, [*copies, pictures.left_out(folder)])):
        events.warning(f"left out: {others}; PNG, JPEG and WebP are read")
    return files


def deal(files, asked, seed):
    """Deal `files`, shuffled by `seed`, to the splits: as many as there are images, or in proportion to these."""
    enough = known.single(len(files), asked)
    sizes = asked.splits if enough else wallpapers.shares(len(files), asked.splits)
    order = np.random.RandomState([seed, 0]).permutation(len(files))[:sum(sizes)]
    return [[files[place] for place in places] for places in np.split(order, np.cumsum(sizes)[:-1])]


def _centres(settings, remarks):
    """A function of a photograph: its centre."""
    return lambda file, number, row: pictures.pixels(file, settings.resolution, remarks.append)


def _crops(settings, seed, remarks):
    """A function of a photograph, its split and a row: a square of at least half its shorter side, anywhere in it."""
    small, draws = 2 * settings.resolution, Draws()

    @functools.lru_cache(_KEPT_BYTES // (small * small * 3 * 3 // 2))  # of 2:3, as most are
    def photograph(file):
        image = pictures.read(str(file), file, remarks.append, smallest_side=small)
        scale = small / min(image.size)
        return image.resize([max(round(side * scale), small) for side in image.size], Image.Resampling.LANCZOS)

    def pixels(file, number, row):
        image, random = photograph(file), draws.at(seed, 1 + number, row)
        side = random.randint(settings.resolution, small + 1)
        left, top = (random.randint(length - side + 1) for length in image.size)
        return pictures.resized(image.crop((left, top, left + side, top + side)), settings.resolution)

    return pixels


def _told(count, parts):
    gan, train, validation, test = map(len, parts)
    return (f"{count} own photographs, each in one split alone: {gan} for the GANs, {train} to train methods, "
            f"{validation} to validate them, {test} to test them")
