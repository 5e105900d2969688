"""The photographs that the image has: seeded crops of the wallpapers that two Debian packages ship.

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

from datasets import Unusable, pictures

from .dataset import Dataset
from .parallel import Draws, each

WALLPAPERS = (Path(sys.prefix) / "share/backgrounds", Path("/usr/share/backgrounds"))  # where they are looked for
TILES_ACROSS = 6  # tiles along the shorter side of a photograph, unless its pixels are too few
LEAST_CONTRAST = 8.0  # standard deviation of a tile's luma (0 to 255): less is blank sky or a burnt-out lamp
_KNOWN = Path(__file__).parent / "wallpapers.json"
_CREDIT = "{file}: {author}, {year}, {licence}; cropped and resized; from the Debian package {package}"
_PACKAGES = "the Debian packages lomiri-wallpapers-16.04 and lomiri-wallpapers-20.04"


class Tile(NamedTuple):
    """A square of a photograph: its upper left corner and its side, in pixels."""

    photograph: int
    left: int
    top: int
    side: int


def open_dataset(settings, seed):
    """Crops of all of them. Raises Unusable where they are not installed."""
    known = json.loads(_KNOWN.read_text(encoding="utf-8"))
    credits = [_CREDIT.format(**entry) for entry in known]
    return crops(_installed(known), settings, seed)._replace(credits=credits)


def crops(paths, settings, seed):
    """Crops of these photographs. Raises Unusable for unreadable, too small or too few ones."""
    photographs = list(each(lambda path: _photograph(path, settings.resolution), paths))
    tiles = _tiles(photographs, settings.resolution)
    counts = (settings.gan, settings.train, settings.validation, settings.test)
    splits, draws = deal(tiles, counts, seed), Draws()

    def image(key):
        number, row = key
        tile = splits[number][row % len(splits[number])]
        random = draws.at(seed, 1 + number, row)
        return pictures.resized(_crop(photographs[tile.photograph], tile, settings.resolution, random),
                                settings.resolution)

    gan, *attribution = ([(number, row) for row in range(count)] for number, count in enumerate(counts))
    return Dataset("photos", _digest(paths), gan, sum(attribution, []), image)


def deal(tiles, counts, seed):
    """Deal `tiles`, shuffled by `seed`, in proportion to `counts`, at least one to each: a list of tiles for each."""
    if len(tiles) < len(counts):
        raise Unusable(f"the photographs have {len(tiles)} large and varied enough regions, and the {len(counts)} "
                       "splits need one each; choose a lower resolution")
    order = np.random.RandomState([seed, 0]).permutation(len(tiles))
    ends = np.cumsum(shares(len(tiles), counts))
    return [[tiles[place] for place in places] for places in np.split(order, ends[:-1])]


def shares(total, counts):
    """`total` as whole numbers in proportion to `counts`, each of them 1 or more."""
    spare = total - len(counts)
    ends = np.arange(1, len(counts) + 1) + np.rint(np.cumsum(counts) / sum(counts) * spare).astype(int)
    return np.diff(ends, prepend=0)


def _installed(known):
    """The photographs that the Debian packages ship, all of them."""
    names = sorted(entry["file"] for entry in known)
    for folder in WALLPAPERS:
        if all((folder / name).is_file() for name in names):
            return [folder / name for name in names]
    raise Unusable(f"the photographs of {_PACKAGES} are neither in {' nor in '.join(map(str, WALLPAPERS))}; install "
                   "the packages, or name a folder of your own photographs: --archive DIR")


def _digest(paths):
    digest = hashlib.sha256()
    for path in paths:
        data = path.read_bytes()
        digest.update(path.name.encode() + b"\n%d\n" % len(data) + data)
    return digest.hexdigest()


def _photograph(path, resolution):
    """The photograph at `path`, with no more pixels than its crops need."""
    image = pictures.read(str(path), path, smallest_side=4 * TILES_ACROSS * resolution)
    if min(image.size) < 2 * resolution:
        raise Unusable(f"{path}: {image.width}x{image.height} pixels; at resolution {resolution} the shorter side "
                       f"needs {2 * resolution} or more; choose a lower resolution")
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
