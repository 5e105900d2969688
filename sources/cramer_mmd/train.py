"""The verb train."""

from functools import partial

from sources.contract import imagesets, training
from sources.contract.batches import Batches

from . import settings
from .model import VALUE_RANGES


def train(arguments):
    """Train both networks on an image set; continue from the last checkpoint in `out`."""
    images = imagesets.read(arguments.images).subset(arguments.subset)
    chosen = settings.read(arguments.gan.PUBLISHED, arguments.config, images.resolution)
    batches = Batches(images.images, chosen.minibatch, arguments.seed)
    training.run(arguments, images, chosen, batches, partial(_trainer, arguments.gan),
                 architecture=arguments.gan.NAME, block=chosen.minibatch,
                 value_range=VALUE_RANGES["published"])


def _trainer(gan, chosen, resolution, seed, wish):
    from . import device  # late: what is wrong with the input is said before PyTorch is loaded
    from .trainer import Trainer

    return Trainer(chosen, resolution, seed, device.choose(wish, chosen.precision), gan)
