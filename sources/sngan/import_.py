"""The verb import: reads Chainer's snapshots as the published implementation wrote them. No Chainer."""

import os

from sources.contract import arrays, imagesets, importing, models
from sources.contract.errors import BadInput

from . import variables
from .model import ARCHITECTURE, BLOCK, VALUE_RANGES
from .settings import PUBLISHED, RESOLUTIONS

_OF_TRAINER = {"updater/model:opt_gen/": "generator/", "updater/model:opt_dis/": "discriminator/"}
_LARGEST = 1 << 16  # channels, numbers, categories: no network has more


def import_(arguments):
    """Make a model from the snapshot of a generator, of a discriminator, or of a trainer, which holds both.

    Raises BadInput, and writes nothing, if it is none of them.
    """
    path = arguments.checkpoint
    found = _read(path)
    weights, described = {}, {}
    for name, describe in (("generator", _describe_generator),
                           ("discriminator", _describe_discriminator)):
        values = models.part(found, name)
        if values:
            settings, shapes = describe("%s: %s" % (path, name), values)
            described.update(settings)
            checked = importing.check("%s: %s" % (path, name), values, shapes,
                                      [key for key in shapes if key.endswith("/N")])
            weights.update(("%s/%s" % (name, key), value) for key, value in checked.items())
    size = described.pop("size")
    settings = PUBLISHED._replace(**described)
    importing.write(
        arguments, {"file": os.path.basename(path), "sha256": imagesets.hash_file(path)},
        size // 4 * settings.bottom_width, ARCHITECTURE, weights=weights,
        settings=dict(settings._asdict()), size=size, block=BLOCK,
        value_range=VALUE_RANGES["published"])


def _read(path):
    """{part/key: array} of a snapshot of any of the three kinds."""
    names = arrays.names(path)
    if any(name.startswith("updater/model:") for name in names):
        stored = arrays.load(path, lambda name: name.startswith(tuple(_OF_TRAINER)))
        return dict((new + name[len(old):], value) for old, new in _OF_TRAINER.items()
                    for name, value in stored.items() if name.startswith(old))
    if "l1/W" in names:
        start = "generator/"
    elif "block1/c1/u" in names:
        start = "discriminator/"
    else:
        raise BadInput("%s: no snapshot of SNGAN: it has neither a generator (l1/W), nor a discriminator "
                       "(block1/c1/u), nor a trainer (updater/model:opt_gen)" % path)
    return dict((start + name, value) for name, value in arrays.load(path).items())


def _describe_generator(where, values):
    """(settings and size, {name: shape}) of the generator that the shapes of some arrays imply."""
    size = _size(where, values, variables.UP, 2)
    latent = _shape(where, values, "l1/W", 2)
    width = _shape(where, values, "b%d/gamma" % (len(variables.UP[size]) + 2), 1)[0]
    bottom_width = int(round((latent[0] / float(variables.TOP[size] * width)) ** 0.5))
    classes = _shape(where, values, "block2/b1/gammas/W", 2)[0] if "block2/b1/gammas/W" in values else 0
    return ({"size": size, "width": width, "latent_size": latent[1], "classes": classes,
             "bottom_width": bottom_width},
            variables.generator_shapes(size, width, latent[1], classes, bottom_width))


def _describe_discriminator(where, values):
    size = _size(where, values, variables.DOWN, 1)
    width = _shape(where, values, "block1/c1/W", 4)[0]
    classes = _shape(where, values, "l_y/W", 2)[0] if "l_y/W" in values else 0
    return ({"size": size, "width": width, "classes": classes},
            variables.discriminator_shapes(size, width, classes))


def _size(where, values, blocks, first):
    """Which of the sizes has as many blocks."""
    count = 0
    while "block%d/c1/W" % (first + count) in values:
        count += 1
    for size in RESOLUTIONS:
        if len(blocks[size]) == count:
            return size
    raise BadInput("%s: has %d blocks; there are networks of %s" % (
        where, count, ", ".join(str(len(blocks[size])) for size in RESOLUTIONS)))


def _shape(where, values, name, dimensions):
    if name not in values:
        raise BadInput("%s: the array %s is missing" % (where, name))
    shape = values[name].shape
    if len(shape) != dimensions or not all(0 < length <= _LARGEST for length in shape):
        raise BadInput("%s: %s has the shape %s" % (where, name, shape))
    return shape
