"""The verb train."""

from sources.contract import imagesets, training
from sources.contract.batches import Batches

from . import settings
from .model import ARCHITECTURE, BLOCK, VALUE_RANGE


def train(arguments):
    """Grow a generator and a discriminator on an image set; continue from the last checkpoint in `out`."""
    images = imagesets.read(arguments.images).subset(arguments.subset)
    chosen = settings.read(arguments.config, images.resolution)
    network = settings.network_of(chosen, images.resolution)._asdict()
    batches = Batches(images.images, chosen.minibatch, arguments.seed)
    training.run(arguments, images, chosen, batches, _trainer,
                 architecture=ARCHITECTURE, block=BLOCK, value_range=VALUE_RANGE,
                 networks={"generator": network, "discriminator": network})


def _trainer(chosen, resolution, seed, wish):
    from . import device  # late: what is wrong with the input is said before TensorFlow is loaded
    from .trainer import Trainer

    return Trainer(chosen, resolution, seed, device.choose(wish, chosen.precision))
