"""The verb train."""

from attribution import feeding
from attribution.settings import check_sizes, from_config
from sources.contract import methods, training
from sources.contract.settings import read_config


def train(arguments):
    """Train the classifier, or the visualisation network; continue from the last checkpoint."""
    settings = from_config(read_config(arguments.config))
    sets = methods.TrainingSets(arguments)
    check_sizes(settings, sets.resolution)
    batches = feeding.BalancedBatches(sets.train, settings.batch, arguments.seed, settings.mirror)

    def new_trainer(settings, resolution, seed, wish):
        from attribution import device, validation  # late: they load TensorFlow

        chosen = device.choose(wish)
        return validation.Validated(settings, resolution, seed, chosen, sets.validation)

    training.run(arguments, sets, settings, batches, new_trainer, architecture=settings.network,
                 labels=sets.names)
