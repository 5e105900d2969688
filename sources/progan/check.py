"""The verb check: is this image whole?"""

import numpy as np

from sources.contract import events

from . import variables
from .settings import Network, latent_size

_TINY = Network(resolution=8, fmap_base=32, fmap_max=8)


def check(arguments):
    """Import TensorFlow, run a tiny generator and discriminator, say the versions."""
    from . import device, networks

    chosen = device.choose(arguments.device)
    random = np.random.RandomState(0)
    generator = variables.initial(variables.generator_shapes(_TINY), True, random)
    discriminator = variables.initial(variables.discriminator_shapes(_TINY), True, random)
    latents = random.standard_normal((4, latent_size(_TINY))).astype(np.float32)
    images = networks.generator(_TINY, generator, latents, 0, 0.0)
    scores, _ = networks.discriminator(_TINY, discriminator, images, 0, 0.0)
    if not np.isfinite(scores.numpy()).all():
        raise RuntimeError("TensorFlow %s computes nonsense here: %s" % (device.tf.__version__, scores.numpy()))
    events.done(versions={"tensorflow": device.tf.__version__, "numpy": np.__version__}, device=chosen)
