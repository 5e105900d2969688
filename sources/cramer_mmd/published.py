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
_CRAMER_ALONE = "loss/gradient_penalty_1"  # the weight that CramerGAN's loss reads, beside one it does not
_SCALARS = {"learning_rate": ("lr",), "penalty": (_CRAMER_ALONE, "loss/gradient_penalty")}  # the first that is there
_LONGEST_NOTE = 1 << 16  # characters of the file `checkpoint` that are looked at


def import_published(critic, arguments):
    """Make a model from a checkpoint: its prefix, its .index, or its folder.

    Raises BadInput, and writes nothing, if it is not one of CramerGAN or MMDGAN.
    """
    prefix = find(arguments.checkpoint)
    found = tensorbundle.read(prefix)
    if critic == "mmdgan" and _CRAMER_ALONE in found:
        raise BadInput("%s: holds %s, which only CramerGAN has; import it as that" % (prefix, _CRAMER_ALONE))
    weights = {name: value for name, value in found.items()
               if name.startswith(_PARTS) and not name.endswith(_UNUSED)}
    settings, resolution = _check(prefix, _scalars(prefix, PUBLISHED[critic], found), weights)
    models.write(
        arguments.out, NAMES[critic], weights, settings=settings._asdict(), resolution=resolution,
        block=settings.minibatch, training=None, value_range=VALUE_RANGES["published"],
        source={"architecture": NAMES[critic], "dataset": None, "subset": None, "seed": None,
                "checkpoint": {"file": os.path.basename(prefix), "sha256": imagesets.hash_file(prefix + ".index"),
                               "steps": int(_scalar(prefix, found, "global_step", 0))}})
    events.done(model=arguments.out)


def find(path):
    """The prefix of a checkpoint, from the prefix, one of its files, or the folder, whose file `checkpoint` names it.

    Of the name in that file only the last part counts: published folders are moved, and nothing outside is read.
    """
    if not os.path.isdir(path):
        return re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", path)
    named = re.search(r'^model_checkpoint_path: "([^"\n]+)"', _note(os.path.join(path, "checkpoint")), re.MULTILINE)
    if named is None or not named[1].isprintable():
        raise BadInput("%s: no file `checkpoint` here that names one; give the prefix, such as %s"
                       % (path, os.path.join(path, "MMDGAN.model-150000")))
    return os.path.join(path, os.path.basename(named[1]))


def _note(path):
    """The beginning of a text; nothing if it is not there."""
    if not os.path.isfile(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read(_LONGEST_NOTE)


def _scalars(prefix, published, found):
    """`published` with the numbers of the training that the checkpoint holds."""
    for setting, names in _SCALARS.items():
        name = next((name for name in names if name in found), None)
        published = published._replace(**{setting: _scalar(prefix, found, name, getattr(published, setting))})
    return published


def _scalar(prefix, found, name, otherwise):
    """The one number that a variable holds, with the digits that tell it from its neighbours; or `otherwise`."""
    if name not in found:
        return otherwise
    if found[name].shape or not np.isfinite(found[name]):
        raise BadInput("%s: %s is no finite number" % (prefix, name))
    return float(str(found[name]))


def _check(prefix, published, weights):
    """(Settings, resolution) that the shapes imply; BadInput unless every variable is there and fits."""
    latents = _shape(prefix, weights, "generator/g_h0_lin/Matrix", 2)
    last = _shape(prefix, weights, "generator/g_h5/w", 4)
    first = _shape(prefix, weights, "discriminator/d_h0_conv/w", 4)
    features = _shape(prefix, weights, "discriminator/d_h6_lin/Matrix", 2)
    settings = published._replace(generator_width=last[3], discriminator_width=first[3], latent_size=latents[0],
                                  features=features[1])
    side = math.isqrt(latents[1] // (16 * last[3]))
    if not side:
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
    if len(shape) != dimensions:
        raise BadInput("%s: %s has the shape %s" % (prefix, name, shape))
    return shape


def _named(start, shapes):
    return {start + name: shape for name, shape in shapes.items()}


def _check_variable(prefix, name, weights, expected):
    if name not in expected:
        raise BadInput("%s: the variable %r belongs to no network of these widths" % (prefix, name))
    if name not in weights:
        raise BadInput("%s: the variable %s is missing" % (prefix, name))
    value = weights[name]
    if value.dtype != np.float32 or value.shape != expected[name]:
        raise BadInput("%s: %s is %s %s, where float32 %s is expected"
                       % (prefix, name, value.dtype, value.shape, expected[name]))
    if not np.isfinite(value).all():
        raise BadInput("%s: %s holds values that are not finite" % (prefix, name))
