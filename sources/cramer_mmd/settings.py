"""The settings of a training: of the published values three differ: see cramergan, mmdgan."""

from typing import NamedTuple

from sources.contract import settings as contract_settings
from sources.contract.errors import BadInput
from sources.contract.settings import COUNT, POSITIVE, PRECISION, SHARE, Range

SMALLEST = 32  # pixels: the generator doubles five times


class Settings(NamedTuple):
    """A training. The resolution is that of the images."""

    features: int  # numbers the discriminator makes of an image
    penalty: float  # weight of the gradient penalty
    l2_penalty: float  # weight of the mean squares of the discriminator's layers
    generator_width: int = 64  # channels of the generator's last block; the first has 16 times as many
    discriminator_width: int = 64  # channels of the discriminator's first layer; the last has 16 times as many
    discriminator_gain: float = 1.0  # factor on the first weights of the discriminator's convolutions: with the
                                     # published ones a narrow discriminator passes nothing on, and MMDGAN's never
                                     # learns; sqrt(64 / width) is as good as the published width
    latent_size: int = 100  # numbers, uniform in [-1, 1)
    minibatch: int = 32  # images, real and generated
    learning_rate: float = 1e-4  # Adam, both networks, never lowered
    beta1: float = 0.5  # Adam's
    beta2: float = 0.9  # Adam's
    discriminator_steps: int = 5  # before every step of the generator
    first_discriminator_steps: int = 5  # instead, for the first 20 rounds and every 500th
    precision: str = "float32"  # of convolutions and products while training; "tf32" and "bfloat16" are faster
                                # where the device has them
    rounds: int = 150001  # rounds of discriminator steps and one step of the generator
    checkpoint_every: int = 1000  # rounds
    preview_every: int = 1000  # rounds

    @property
    def steps(self) -> int:
        """Rounds, by the name that every training has for them."""
        return self.rounds


_ALLOWED = {
    **dict.fromkeys(("features", "generator_width", "discriminator_width", "latent_size", "rounds",
                     "discriminator_steps", "first_discriminator_steps", "checkpoint_every",
                     "preview_every"), COUNT),
    "discriminator_gain": POSITIVE,
    "minibatch": Range(least=2),  # the losses compare images of a minibatch
    "beta1": SHARE, "beta2": SHARE, "precision": PRECISION}


def settings(arguments):
    """The verb settings."""
    contract_settings.show({"train": contract_settings.schema(arguments.gan.PUBLISHED, _ALLOWED)})


def read(published, path, resolution):
    """The settings `published` with what the JSON file `path` (or None) changes.

    Raises BadInput for settings that make no sense, and for a resolution that the networks cannot make.
    """
    settings = contract_settings.read(published, _ALLOWED, path)
    if resolution % SMALLEST:
        raise BadInput("--images: these networks make images of 32, 64, 96, 128 ... pixels, not of %d" % resolution)
    return settings
