"""The verb generate."""

from sources.contract import events, generation, models

from . import settings
from .model import ARCHITECTURE, average_of, to_uint8


def generate(arguments):
    """Make an image set from the moving average of the generator, at the level of detail of the model.

    Latents are drawn as the published script does. A network with labels gets none of them set: all zeros.
    """
    description, weights = models.read(arguments.model, ARCHITECTURE)
    network, average = average_of(description, weights)
    latents = generation.NormalLatents(settings.latent_size(network))
    generation.check(arguments, latents)
    images_of, version = _compile(network, average, arguments.device)
    generation.generate(arguments, description, latents, images_of, to_uint8, description["value_range"],
                        tensorflow=version)


def _compile(network, weights, wish):
    """A function latents (n, latent_size) -> float32 images (n, R, R, 3), and the version of TensorFlow."""
    from . import device, networks  # late: what is wrong with a model is said before TensorFlow is loaded
    from .device import tf

    events.log("computing on %s" % device.choose(wish))
    level, fade = networks.split_lod(network, weights["lod"])
    weights = {name: tf.constant(value) for name, value in weights.items()}

    @tf.function(input_signature=[tf.TensorSpec((None, settings.latent_size(network)))])
    def images_of(latents):
        inputs = tf.concat([latents, tf.zeros((tf.shape(latents)[0], network.label_size))], axis=1)
        return networks.generator(network, weights, inputs, level, fade)

    return (lambda latents: images_of(latents).numpy()), tf.__version__
