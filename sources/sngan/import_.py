"""The verb import: reads Chainer's snapshots as the published implementation wrote them. No Chainer."""

import os

from sources.contract import arrays, imagesets, importing, models
from sources.contract.errors import BadInput
from sources.contract.pickled import describe

from . import variables
from .model import ARCHITECTURE, BLOCK, VALUE_RANGES
from .settings import PUBLISHED, RESOLUTIONS

_OF_TRAINER = {"generator": "updater/model:opt_gen/", "discriminator": "updater/model:opt_dis/"}
_LANDMARKS = {"generator": "l1/W", "discriminator": "block1/c1/u"}  # names that no other network has
_LARGEST = 1 << 16  # channels, numbers, categories: no network has more


def import_(arguments):
    """Make a model from the snapshot of a generator, of a discriminator, or of a trainer, which holds both.

    Raises BadInput, and writes nothing, if it is none of them.
    """
    path = arguments.checkpoint
    found = _read(path)
    weights, described = {}, {}
    for name, implied in (("generator", _describe_generator),
                          ("discriminator", _describe_discriminator)):
        values = models.part(found, name)
        if values:
            settings, shapes = implied("%s: %s" % (path, name), values)
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
    """{part/key: array} of a snapshot of any of the three kinds.

    What stands before a network's own names, such as gen/ in gen/l1/W, is taken off.
    """
    names = arrays.names(path)
    _check_optimizers(path, names)
    claims = {}
    for start, part in sorted(_starts(path, names).items(), key=lambda item: len(item[0])):
        claims.update((name, part + "/" + name[len(start):]) for name in names if name.startswith(start))
    if not claims:
        raise BadInput(
            "%s: no snapshot of SNGAN: it has neither a generator (l1/W), nor a discriminator (block1/c1/u), nor a "
            "trainer (updater/model:opt_gen), but %s" % (path, _some(names) or "nothing"))
    return dict((claims[name], value) for name, value in arrays.load(path, claims.__contains__).items())


def _check_optimizers(path, names):
    trained = [name for name in names if name.startswith("updater/model:")]
    if trained and not any(name.startswith(tuple(_OF_TRAINER.values())) for name in trained):
        optimizers = sorted(set(name.split("/")[1][len("model:"):] for name in trained))
        raise BadInput("%s: a trainer's snapshot, but its optimizers are called %s; SNGAN's are opt_gen and opt_dis"
                       % (path, _some(optimizers)))


def _starts(path, names):
    """{what stands before a network's own names: which network it is}."""
    starts = {}
    for part, landmark in sorted(_LANDMARKS.items()):
        found = [name[:-len(landmark)] for name in names
                 if ("/" + name).endswith("/" + landmark) and not name.startswith("updater/optimizer:")]
        if any(name.startswith(_OF_TRAINER[part]) for name in names):
            found = [start for start in found if start.startswith(_OF_TRAINER[part])] or [_OF_TRAINER[part]]
        if len(found) > 1:
            raise BadInput("%s: holds more than one %s (below %s); take one alone" % (path, part, _some(found)))
        starts.update((start, part) for start in found)
    return starts


def _some(names):
    """A few of the names, for a message."""
    return ", ".join(describe(name) for name in names[:4]) + (", ..." if len(names) > 4 else "")


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
