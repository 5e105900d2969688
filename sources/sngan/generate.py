"""The verb generate."""

from functools import partial

from sources.contract import events, generation, models
from sources.contract.errors import BadInput

from . import model
from .model import ARCHITECTURE, VALUE_RANGES, to_uint8


def generate(arguments):
    """Make an image set, of category 0, with the running statistics of the batch normalisation.

    Latents are drawn as the published script does on a CPU; on a GPU that script is not seeded.
    """
    description, weights = models.read(arguments.model, ARCHITECTURE)
    values = models.part(weights, "generator")
    if not values:
        raise BadInput("%s: holds a discriminator alone, which makes no images; import the generator's snapshot"
                       % arguments.model)
    latents = generation.NormalLatents(description["settings"]["latent_size"])
    generation.check(arguments, latents)
    images_of, versions = _load(description, values, arguments.device)
    generation.generate(
        arguments, description, latents, images_of, partial(to_uint8, quantize=arguments.quantize),
        VALUE_RANGES[arguments.quantize], **versions)


def _load(description, values, wish):
    """A function latents (n, Z) -> float32 images (n, 3, R, R) in [-1, 1], and the versions of what computes."""
    import chainer  # late: what is wrong with a model is said before it is loaded
    import numpy as np
    from chainer.backends import cuda

    from . import device
    from .networks import Generator

    where = device.choose(wish)
    events.log("computing on %s" % where)
    settings = description["settings"]
    generator = Generator(description["size"], settings["width"], settings["latent_size"], settings["classes"],
                          settings["bottom_width"])
    model.load(generator, values)
    device.place(generator, where)
    xp = generator.xp if where == "cuda" else np

    def images_of(rows):
        categories = xp.zeros(len(rows), xp.int32) if settings["classes"] > 1 else None
        with chainer.using_config("train", False), chainer.no_backprop_mode():
            return np.asarray(cuda.to_cpu(generator(xp.asarray(rows), categories).array))

    return images_of, {"chainer": chainer.__version__, "numpy": np.__version__}
