"""Photographs: seeded crops of the wallpapers that two Debian packages ship, or of any folder of photographs.

The area of every photograph is divided into square tiles and each tile is dealt to one of the four splits. A
crop never leaves its tile, so no two splits share a pixel, not even by the filter that makes a crop smaller.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import ImageStat

from sources.contract.batches import random_at
from sources.contract.errors import BadInput

from . import writing
from .dataset import Dataset, decode, resized

WALLPAPERS = (Path(sys.prefix) / "share/backgrounds", Path("/usr/share/backgrounds"))  # where they are looked for
TILES_ACROSS = 6  # tiles along the shorter side of a photograph, unless its pixels are too few
LEAST_CONTRAST = 8.0  # standard deviation of a tile's luma (0 to 255): less is blank sky or a burnt-out lamp
_KNOWN = Path(__file__).parent / "wallpapers.json"
_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")
_CREDIT = "{file}: {author}, {year}, {licence}; cropped and resized; from the Debian package {package}"
_PACKAGES = "the Debian packages lomiri-wallpapers-16.04 and lomiri-wallpapers-20.04"


class Tile(NamedTuple):
    """A square of a photograph: its upper left corner and its side, in pixels."""

    photograph: int
    left: int
    top: int
    side: int


def photos(arguments):
    """The verb photos."""
    writing.make(arguments, open_dataset)


def open_dataset(folder, settings, seed):
    """Crops of all photographs in `folder`; None: of the wallpapers that are photographs.

    Raises BadInput for a folder that is missing or empty, and for unreadable or too small photographs.
    """
    known = json.loads(_KNOWN.read_text(encoding="utf-8"))
    paths = _wallpapers(known["photographs"]) if folder is None else _paths(folder, known["drawings"])
    digest = hashlib.sha256()
    photographs = [_photograph(path, settings.resolution, digest) for path in paths]
    tiles = _tiles(photographs, settings.resolution)
    counts = (settings.gan, settings.train, settings.validation, settings.test)
    splits = deal(tiles, counts, seed)

    def image(key):
        number, row = key
        tile = splits[number][row % len(splits[number])]
        return resized(_crop(photographs[tile.photograph], tile, settings.resolution, random_at(seed, 1 + number, row)),
                       settings.resolution)

    gan, *attribution = ([(number, row) for row in range(count)] for number, count in enumerate(counts))
    credits = [_CREDIT.format(**entry) for entry in known["photographs"]
               if any(path.name == entry["file"] for path in paths)]
    return Dataset("photos", digest.hexdigest(), gan, sum(attribution, []), image, credits)


def deal(tiles, counts, seed):
    """Deal `tiles`, shuffled by `seed`, in proportion to `counts`, at least one to each: a list of tiles for each."""
    spare = len(tiles) - len(counts)
    if spare < 0:
        raise BadInput(f"--photos: the photographs have {len(tiles)} large and varied enough regions, and the "
                       f"{len(counts)} splits need one each; add photographs, or larger ones")
    ends = np.arange(1, len(counts) + 1) + np.rint(np.cumsum(counts) / sum(counts) * spare).astype(int)
    order = np.random.RandomState([seed, 0]).permutation(len(tiles))
    return [[tiles[place] for place in places] for places in np.split(order, ends[:-1])]


def _wallpapers(known):
    """The photographs that the Debian packages ship, all of them."""
    names = sorted(entry["file"] for entry in known)
    for folder in WALLPAPERS:
        if all((folder / name).is_file() for name in names):
            return [folder / name for name in names]
    raise BadInput(f"the photographs of {_PACKAGES} are neither in {' nor in '.join(map(str, WALLPAPERS))}; install "
                   "the packages, or name a folder of photographs: --photos DIR")


def _paths(folder, drawings):
    """The photographs in a folder."""
    if not folder.is_dir():
        raise BadInput(f"--photos {folder}: no such folder")
    paths = sorted(path for path in folder.iterdir()
                   if path.suffix.lower() in _EXTENSIONS and path.name not in drawings)
    if not paths:
        raise BadInput(f"--photos {folder}: there are no photographs (JPEG, PNG or WebP) in it")
    return paths


def _photograph(path, resolution, digest):
    """The photograph at `path`, with no more pixels than its crops need."""
    data = path.read_bytes()
    digest.update(path.name.encode() + b"\n%d\n" % len(data) + data)
    image = decode(f"--photos {path}", data, smallest_side=4 * TILES_ACROSS * resolution)
    if min(image.size) < 2 * resolution:
        raise BadInput(f"--photos {path}: {image.width}x{image.height} pixels; at resolution {resolution} the shorter "
                       f"side needs {2 * resolution} or more; remove it, or choose a lower resolution")
    return image


def _tiles(photographs, resolution):
    """All tiles of all photographs on which there is something to see."""
    tiles = []
    for number, photograph in enumerate(photographs):
        side = max(min(photograph.size) // TILES_ACROSS, 2 * resolution)
        luma = photograph.convert("L")
        tiles += [Tile(number, left, top, side)
                  for top in range(0, luma.height - side + 1, side)
                  for left in range(0, luma.width - side + 1, side)
                  if ImageStat.Stat(luma.crop((left, top, left + side, top + side))).stddev[0] >= LEAST_CONTRAST]
    return tiles


def _crop(photograph, tile, resolution, random):
    """A square of at least half the side of `tile`, anywhere in it."""
    side = random.randint(max(tile.side // 2, resolution), tile.side + 1)
    left = tile.left + random.randint(tile.side - side + 1)
    top = tile.top + random.randint(tile.side - side + 1)
    return photograph.crop((left, top, left + side, top + side))
