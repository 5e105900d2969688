"""The verb import: reads the checkpoints of the published implementation. No PyTorch, no TensorFlow."""

import math
import os
import re

import numpy as np

from sources.contract import imagesets, importing
from sources.contract.errors import BadInput

from . import tensorbundle, variables
from .model import VALUE_RANGES

_PARTS = ("generator/", "discriminator/")
_UNUSED = ("moving_mean", "moving_variance")  # of the batch normalisation: saved, never updated, never read
_CRAMER_ALONE = "loss/gradient_penalty_1"  # the weight that CramerGAN's loss reads, beside one it does not
_LONGEST_NOTE = 1 << 16  # characters of the file `checkpoint` that are looked at


def import_(arguments):
    """Make a model from a checkpoint: its prefix, one of its files, or its folder.

    Raises BadInput, and writes nothing, if it is not one of CramerGAN or MMDGAN.
    """
    gan, prefix = arguments.gan, find(arguments.checkpoint)
    found = tensorbundle.read(prefix)
    if _CRAMER_ALONE in found and _CRAMER_ALONE not in gan.PENALTY_WEIGHTS:
        raise BadInput("%s: holds %s, which only CramerGAN has; import it as that"
                       % (prefix, _CRAMER_ALONE))
    weights = {name: value for name, value in found.items()
               if name.startswith(_PARTS) and not name.endswith(_UNUSED)}
    settings, resolution = _implied(prefix, _trained_with(prefix, gan, found), weights)
    checked = importing.check(prefix, weights, _shapes(settings, resolution))
    checkpoint = {"file": os.path.basename(prefix),
                  "sha256": imagesets.hash_file(prefix + ".index"),
                  "steps": int(_scalar(prefix, found, "global_step", 0))}
    importing.write(arguments, checkpoint, resolution, gan.NAME, weights=checked,
                    settings=settings._asdict(), block=settings.minibatch,
                    value_range=VALUE_RANGES["published"])


def find(path):
    """The prefix of a checkpoint: from itself, a file, or the folder, where `checkpoint` names it.

    Of the name in that file only the last part counts: published folders are moved, also from
    Windows, and nothing outside is read.
    """
    if os.path.basename(path) == "checkpoint" and os.path.isfile(path):
        path = os.path.dirname(path) or os.curdir
    if not os.path.isdir(path):
        return re.sub(r"\.(index|meta|data-\d{5}-of-\d{5})$", "", path)
    note = _note(os.path.join(path, "checkpoint"))
    named = re.search(r'^model_checkpoint_path: "([^"\n]+)"', note, re.MULTILINE)
    if named is None or not named[1].isprintable():
        raise BadInput("%s: no file `checkpoint` here that names one; give the prefix, such as %s"
                       % (path, os.path.join(path, "MMDGAN.model-150000")))
    return os.path.join(path, re.split(r"[/\\]+", named[1])[-1])


def _note(path):
    """The beginning of a text; nothing if it is not there."""
    if not os.path.isfile(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read(_LONGEST_NOTE)


def _trained_with(prefix, gan, found):
    """The published settings with the numbers of the training that the checkpoint holds."""
    settings = gan.PUBLISHED
    for setting, names in (("learning_rate", ("lr",)), ("penalty", gan.PENALTY_WEIGHTS)):
        name = next((name for name in names if name in found), None)
        number = _scalar(prefix, found, name, getattr(settings, setting))
        settings = settings._replace(**{setting: number})
    return settings


def _scalar(prefix, found, name, otherwise):
    """The one number that a variable holds, with the digits that tell it from its neighbours; or `otherwise`."""
    if name not in found:
        return otherwise
    if found[name].shape or not np.isfinite(found[name]):
        raise BadInput("%s: %s is no finite number" % (prefix, name))
    return float(str(found[name]))


def _implied(prefix, published, weights):
    """(Settings, resolution) that the shapes imply."""
    latents = _shape(prefix, weights, "generator/g_h0_lin/Matrix", 2)
    last = _shape(prefix, weights, "generator/g_h5/w", 4)
    first = _shape(prefix, weights, "discriminator/d_h0_conv/w", 4)
    features = _shape(prefix, weights, "discriminator/d_h6_lin/Matrix", 2)
    side = math.isqrt(latents[1] // (16 * last[3]))
    if not side:
        raise BadInput("%s: the shapes of its variables make no network" % prefix)
    return published._replace(generator_width=last[3], discriminator_width=first[3],
                              latent_size=latents[0], features=features[1]), 32 * side


def _shapes(settings, resolution):
    """{part/name: shape} of both networks."""
    generator = variables.generator_shapes(
        resolution, settings.generator_width, settings.latent_size)
    discriminator = variables.discriminator_shapes(
        resolution, settings.discriminator_width, settings.features)
    return {**{"generator/" + name: shape for name, shape in generator.items()},
            **{"discriminator/" + name: shape for name, shape in discriminator.items()}}


def _shape(prefix, weights, name, dimensions):
    if name not in weights:
        raise BadInput("%s: the variable %s is missing; this is no CramerGAN or MMDGAN" % (prefix, name))
    shape = weights[name].shape
    if len(shape) != dimensions:
        raise BadInput("%s: %s has the shape %s" % (prefix, name, shape))
    return shape
