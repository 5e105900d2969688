"""The published settings of SNGAN."""

from collections import namedtuple

from sources.contract import settings as contract_settings
from sources.contract.errors import BadInput
from sources.contract.settings import COUNT, SHARE, OneOf

RESOLUTIONS = (32, 64, 128)


class Settings(namedtuple("Settings", [
    "width",  # channels of the generator's last block and of the discriminator's first
    "latent_size",  # numbers, standard normal
    "classes",  # categories of the conditional batch normalisation; 0: ordinary batch normalisation
    "bottom_width",  # pixels, the side the generator begins with
    "minibatch",  # images, real and generated
    "iterations",  # steps of the generator
    "discriminator_steps",  # after every step of the generator
    "alpha",  # Adam's step size, both networks
    "beta1",  # Adam's
    "beta2",  # Adam's
    "precision",  # of all that is computed; this framework has no other that a training could take
    "decay_from",  # iterations before the step size begins to fall, on a line that ends at 0 with the last one
    "checkpoint_every",  # iterations
    "preview_every",  # iterations
])):
    """A training. The resolution is that of the images."""

    __slots__ = ()

    @property
    def steps(self):
        """Iterations, by the name that every training has for them."""
        return self.iterations


PUBLISHED = Settings(
    width=64, latent_size=128, classes=1, bottom_width=4, minibatch=32, iterations=150000, discriminator_steps=5,
    alpha=2e-4, beta1=0.0, beta2=0.9, precision="float32", decay_from=120000, checkpoint_every=15000, preview_every=750)

_ALLOWED = dict.fromkeys(("width", "latent_size", "minibatch", "iterations",
                          "discriminator_steps", "checkpoint_every", "preview_every"), COUNT)
_ALLOWED.update({
    "classes": OneOf([0, 1]),  # image sets have no labels
    "bottom_width": OneOf([4]),  # the discriminator fits images that begin at 4 pixels
    "beta1": SHARE, "beta2": SHARE,
    "precision": OneOf(["float32"])})


def settings(arguments):
    """The verb settings."""
    contract_settings.show({"train": contract_settings.schema(PUBLISHED, _ALLOWED)})


def read(path, resolution):
    """The published settings with what the JSON file `path` (or None) changes.

    Without a word of its own, the decay begins after four fifths of the iterations, as in the published settings.
    Raises BadInput for settings that make no sense and for a resolution that there are no networks for.
    """
    config = contract_settings.read_config(path)
    settings = contract_settings.change(PUBLISHED, config)
    if "decay_from" not in config:
        settings = settings._replace(decay_from=settings.iterations * 4 // 5)
    contract_settings.check(settings, _ALLOWED)
    if resolution not in RESOLUTIONS:
        raise BadInput("--images: there are networks for 32, 64 and 128 pixels, not for %d" % resolution)
    return settings
