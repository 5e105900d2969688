"""Generating image sets in blocks: image i depends on nothing but (model, seed, i div block).

Two of the GANs normalise with the statistics of the batch when they generate, so the block, not the
image, is the unit that is the same wherever and with whichever others it is made.
"""

import contextlib
import os

import numpy as np

from . import arrays, atomic, command, imagesets, png
from .ahead import ahead
from .errors import BadInput
from .events import Progress, done
from .stopping import Stop


class NormalLatents(object):
    """The endless table RandomState(seed).randn(..., size), float32.

    Its first n rows are RandomState(seed).randn(n, size), whatever n is: the order in which the published
    generation scripts of ProGAN and SNGAN draw.
    """

    def __init__(self, size):
        self.size = size
        self._seed = self._random = None
        self._row = 0

    def rows(self, seed, first, count):
        """Rows `first` to `first + count` of the table of `seed`, (count, size). Quick when read in order."""
        if seed != self._seed or first < self._row:
            self._seed, self._random, self._row = seed, np.random.RandomState(seed), 0
        while self._row < first:  # the stream cannot jump, only be drawn and dropped
            skipped = min(4096, first - self._row)
            self._draw(skipped)
            self._row += skipped
        self._row += count
        return self._draw(count).astype(np.float32)

    def _draw(self, count):
        return self._random.randn(count, self.size)


class UniformLatents(NormalLatents):
    """The same for RandomState(seed).uniform(-1, 1): values in [-1, 1)."""

    def _draw(self, count):
        return self._random.uniform(-1, 1, (count, self.size))


def read_latents(path, size):
    """Explicit latents from a .npy file: float32 (N, size). Raises BadInput if it holds anything else."""
    try:
        latents = arrays.map_file(path)
    except BadInput as error:
        raise BadInput("--latents %s" % error)
    if latents.dtype.kind not in "fiu":
        raise BadInput("--latents %s: expected an array of numbers" % path)
    if latents.ndim != 2 or latents.shape[1] != size or not len(latents):
        raise BadInput("--latents %s: expected (N, %d), found %s" % (path, size, latents.shape))
    if not np.isfinite(latents).all():
        raise BadInput("--latents %s: not all values are finite" % path)
    return latents.astype(np.float32)


def check(request, latents):
    """Raise BadInput for a request that cannot be met. Cheap: ask before a framework is loaded."""
    _range(request, None if request.latents is None else read_latents(request.latents, latents.size))


def generate(request, model, latents, images_of, to_uint8, value_range, **versions):
    """Make the image set that `request` (the arguments of the verb) asks for; say that it is done.

    model: the description of the model (`block` images are made together, `resolution`, `source`,
    `weights_sha256`). latents: NormalLatents or UniformLatents. images_of: function latents (n, size) ->
    an array of images, called in a thread, so that the device is at the next blocks while one is written.
    to_uint8: function of that -> uint8 (n, R, R, 3). value_range: for the index. versions: of what computes
    them.
    With --latents, row i gives image i and a last short block is run as it is; with a seed, every block
    is run whole and the surplus is cut off. A stopped run is continued.
    """
    explicit = None if request.latents is None else read_latents(request.latents, latents.size)
    first, count = _range(request, explicit)
    block = model["block"]
    identity = {"model": model["weights_sha256"], "seed": request.seed, "first": first, "count": count,
                "quantize": request.quantize, "latents": request.latents and imagesets.hash_file(request.latents)}
    progress = Progress(count)

    def block_at(start):
        rows = latents.rows(request.seed, start, block) if explicit is None else explicit[start:start + block]
        return images_of(rows)

    with imagesets.Writer(request.out, count, model["resolution"], identity) as writer, Stop() as stop:
        starts = range((first + writer.done) // block * block, first + count, block)
        with contextlib.closing(ahead(block_at, starts)) as coming:
            for start in starts:
                images = to_uint8(next(coming))[max(first + writer.done - start, 0):first + count - start]
                if request.png:
                    _write_pngs(request.out, first + writer.done, images)
                writer.append(images)
                progress.step(writer.done, len(images))
                stop.check(writer.flush)
        source = dict(model["source"], sampling_seed=request.seed, first=first)
        writer.finish(value_range, source, command.made_by(**versions))
    done(images=request.out)


def _range(request, explicit):
    if explicit is None:
        if request.count is None:
            raise BadInput("--count: say how many images to generate, or give --latents")
        return request.first, request.count
    available = len(explicit) - request.first
    count = available if request.count is None else request.count
    if count > available or available <= 0:
        raise BadInput("--latents %s: has %d rows; images %d to %d were asked for"
                       % (request.latents, len(explicit), request.first, request.first + max(count, 1) - 1))
    return request.first, count


def _write_pngs(out, first, images):
    folder = os.path.join(out, "png")
    atomic.make_folder(folder)
    for offset, image in enumerate(images):
        png.write(os.path.join(folder, "%08d.png" % (first + offset)), image)
