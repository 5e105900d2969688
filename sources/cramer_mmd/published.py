"""The verb import: reads the checkpoints of the published implementation. No PyTorch, no TensorFlow."""

import math
import os
import re

import numpy as np

from sources.contract import events, imagesets, models
from sources.contract.errors import BadInput

from . import tensorbundle, variables
from .model import NAMES, VALUE_RANGES
from .settings import PUBLISHED

_PARTS = ("generator/", "discriminator/")
_UNUSED = ("moving_mean", "moving_variance")  # of the batch normalisation: saved, never updated, never read
_STRANGE = 1 << 16  # channels, numbers: no network has more


def import_published(critic, arguments):
    """Make a model from a checkpoint: its prefix, its .index, or its folder.

    Raises BadInput, and writes nothing, if it is not one of CramerGAN or MMDGAN.
    """
    prefix = find(arguments.checkpoint)
    weights = tensorbundle.read(prefix, lambda name: name.startswith(_PARTS) and not name.endswith(_UNUSED))
    settings, resolution = _check(prefix, PUBLISHED[critic], weights)
    models.write(
        arguments.out, NAMES[critic], weights, settings=settings._asdict(), resolution=resolution,
        block=settings.minibatch, training=None, value_range=VALUE_RANGES["published"],
        source={"architecture": NAMES[critic], "dataset": None, "subset": None, "seed": None,
                "checkpoint": {"file": os.path.basename(prefix), "sha256": imagesets.hash_file(prefix + ".index")}})
    events.done(model=arguments.out)


def find(path):
    """The prefix of a checkpoint, from the prefix, the .index, or the folder, whose file `checkpoint` names the last.

    Of the name in that file only the last part counts: published folders are moved, and nothing outside is read.
    """
    if not os.path.isdir(path):
        return re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", path)
    try:
        with open(os.path.join(path, "checkpoint"), encoding="utf-8") as stream:
            named = re.search(r'^model_checkpoint_path: "([^"\n]+)"', stream.read(1 << 16), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        named = None
    if named is None:
        raise BadInput("%s: no file `checkpoint` here that names one; give the prefix, such as %s"
                       % (path, os.path.join(path, "MMDGAN.model-150000")))
    return os.path.join(path, os.path.basename(named[1]))


def _check(prefix, published, weights):
    """(Settings, resolution) that the shapes imply; BadInput unless every variable is there and fits."""
    latents = _shape(prefix, weights, "generator/g_h0_lin/Matrix", 2)
    last = _shape(prefix, weights, "generator/g_h5/w", 4)
    first = _shape(prefix, weights, "discriminator/d_h0_conv/w", 4)
    features = _shape(prefix, weights, "discriminator/d_h6_lin/Matrix", 2)
    settings = published._replace(generator_width=last[3], discriminator_width=first[3], latent_size=latents[0],
                                  features=features[1])
    side = math.isqrt(latents[1] // (16 * last[3]))
    if not side or max(latents + last + first + features) > _STRANGE * 16:
        raise BadInput("%s: the shapes of its variables make no network" % prefix)
    resolution = 32 * side
    expected = {
        **_named("generator/", variables.generator_shapes(resolution, settings.generator_width, settings.latent_size)),
        **_named("discriminator/", variables.discriminator_shapes(resolution, settings.discriminator_width,
                                                                  settings.features))}
    for name in sorted(set(expected) | set(weights)):
        _check_variable(prefix, name, weights, expected)
    return settings, resolution


def _shape(prefix, weights, name, dimensions):
    if name not in weights:
        raise BadInput("%s: the variable %s is missing; this is no CramerGAN or MMDGAN" % (prefix, name))
    shape = weights[name].shape
    if len(shape) != dimensions or not all(shape):
        raise BadInput("%s: %s has the shape %s" % (prefix, name, shape))
    return shape


def _named(start, shapes):
    return {start + name: shape for name, shape in shapes.items()}


def _check_variable(prefix, name, weights, expected):
    if name not in expected:
        raise BadInput("%s: the variable %s belongs to no network of these widths" % (prefix, name))
    if name not in weights:
        raise BadInput("%s: the variable %s is missing" % (prefix, name))
    value = weights[name]
    if value.dtype != np.float32 or value.shape != expected[name]:
        raise BadInput("%s: %s is %s %s, where float32 %s is expected"
                       % (prefix, name, value.dtype, value.shape, expected[name]))
    if not np.isfinite(value).all():
        raise BadInput("%s: %s holds values that are not finite" % (prefix, name))
