"""What a model of ProGAN says of itself, and how its values become 8-bit. No TensorFlow.

weights.npz: generator/NAME, discriminator/NAME and generator_average/NAME, NAME as in `variables`.
model.json: `networks`, {"generator": {...}, "discriminator": {...}}, the fields of settings.Network.
"""

import numpy as np

from sources.contract import models

from .settings import Network

ARCHITECTURE = "ProGAN"
BLOCK = 16  # images generated together; nothing in ProGAN depends on it but the last bits
VALUE_RANGE = "[-1, 1] to 0..255: value * 127.5 + 127.5, to the nearest (half to even), saturating"


def average_of(description, weights):
    """(Network, {name: array}) of the moving average of the generator, the one that generates."""
    network = Network(**description["networks"]["generator"])
    return network, models.part(weights, "generator_average")


def to_uint8(images):
    """float32 images, nominally in [-1, 1], as uint8: to the nearest, which is what the published program does too."""
    return np.clip(np.rint(images * np.float32(127.5) + np.float32(127.5)), 0, 255).astype(np.uint8)
