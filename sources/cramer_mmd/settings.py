"""The published settings of CramerGAN and MMDGAN. They differ in the critic and in three numbers."""

import math
from typing import NamedTuple

from sources.contract import settings as contract_settings
from sources.contract.errors import BadInput

SMALLEST = 32  # pixels: the generator doubles five times


class Settings(NamedTuple):
    """A training. The resolution is that of the images."""

    features: int = 256  # numbers the discriminator makes of an image: 256 for CramerGAN, 16 for MMDGAN
    penalty: float = 10.0  # weight of the gradient penalty: 10 for CramerGAN, 1 for MMDGAN
    l2_penalty: float = 0.0  # weight of the mean squares of the discriminator's layers: 0, and 1 for MMDGAN
    generator_width: int = 64  # channels of the generator's last block; the first has 16 times as many
    discriminator_width: int = 64  # channels of the discriminator's first layer; the last has 16 times as many
    latent_size: int = 100  # numbers, uniform in [-1, 1)
    minibatch: int = 32  # images, real and generated
    learning_rate: float = 1e-4  # Adam, both networks, never lowered
    beta1: float = 0.5
    beta2: float = 0.9
    discriminator_steps: int = 5  # before every step of the generator
    first_discriminator_steps: int = 5  # instead, for the first 20 rounds and every 500th
    rounds: int = 150001  # rounds of discriminator steps and one step of the generator
    checkpoint_every: int = 1000  # rounds
    preview_every: int = 1000  # rounds


PUBLISHED = {"cramergan": Settings(), "mmdgan": Settings(features=16, penalty=1.0, l2_penalty=1.0)}
_LEAST = {"minibatch": 2, **dict.fromkeys((  # the losses compare images of a minibatch
    "features", "generator_width", "discriminator_width", "latent_size", "discriminator_steps",
    "first_discriminator_steps", "rounds", "checkpoint_every", "preview_every"), 1)}
_BELOW = {"beta1": 1, "beta2": 1}


def read(critic, path, resolution):
    """The published settings of `critic` with what the JSON file `path` (or None) changes.

    Raises BadInput for settings that make no sense, and for a resolution that the networks cannot make.
    """
    settings = contract_settings.change(PUBLISHED[critic], contract_settings.read_config(path))
    for name, value in settings._asdict().items():
        least, below = _LEAST.get(name, 0), _BELOW.get(name, math.inf)
        if not least <= value < below:
            raise BadInput("setting %s: expected %d or more%s, found %r"
                           % (name, least, " and less than %d" % below if name in _BELOW else "", value))
    if resolution % SMALLEST:
        raise BadInput("--images: these networks make images of 32, 64, 96, 128 ... pixels, not of %d" % resolution)
    return settings
