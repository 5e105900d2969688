"""The verb generate."""

from functools import partial

from sources.contract import events, generation, models

from .model import VALUE_RANGES, to_uint8


def generate(arguments):
    """Make an image set. The images of a block share the statistics of their batch normalisation.

    The published latents come from TensorFlow's generator inside the graph and cannot be drawn again; a seed means
    RandomState(seed).uniform(-1, 1) here.
    """
    description, weights = models.read(arguments.model, arguments.gan.NAME)
    variables = models.part(weights, "generator")
    latents = generation.UniformLatents(variables["g_h0_lin/Matrix"].shape[0])
    generation.check(arguments, latents)
    images_of, version = _load(variables, arguments.device)
    generation.generate(
        arguments, description, latents, images_of, partial(to_uint8, quantize=arguments.quantize),
        VALUE_RANGES[arguments.quantize], torch=version)


def _load(variables, wish):
    """A function latents (n, Z) -> float32 images (n, R, R, 3) in [0, 1], and the version of PyTorch."""
    import torch  # late: what is wrong with a model is said before it is loaded

    from . import device, networks

    place = device.choose(wish)
    events.log("computing on %s" % place)
    variables = {name: networks.tensor(name, value, place) for name, value in variables.items()}

    @torch.no_grad()
    def images_of(latents):
        return networks.generator(variables, torch.from_numpy(latents).to(place)).cpu().numpy()

    return images_of, torch.__version__
