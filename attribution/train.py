"""The verb train."""

from attribution import feeding, networks, openset
from attribution.settings import check_sizes, from_config
from sources.contract import methods, models, training
from sources.contract.errors import BadInput
from sources.contract.settings import read_config


def train(arguments):
    """Train the classifier, or the visualisation network; continue from the last checkpoint.

    With --start, the first step goes on from the weights of that model; the optimizer begins anew.
    """
    settings = from_config(read_config(arguments.config))
    sets = methods.TrainingSets(arguments)
    check_sizes(settings, sets.resolution)
    start, weights = _start(arguments, settings, sets)
    batches = feeding.BalancedBatches(sets.train, settings.batch, arguments.seed, settings.mirror)

    def new_trainer(settings, resolution, seed, wish):
        from attribution import device, validation  # late: they load TensorFlow

        chosen = device.choose(wish, settings.precision, together=settings.network != "classifier")
        return validation.Validated(settings, resolution, seed, chosen, sets, weights)

    training.run(arguments, sets, settings, batches, new_trainer, start=start,
                 architecture=settings.network, labels=sets.names)


def _start(arguments, settings, sets):
    """The sha256 and the weights of the model to go on from, or twice None."""
    if arguments.start is None:
        return None, None
    model, weights = models.read(arguments.start, settings.network)
    if model["labels"] != sets.names:
        raise BadInput(f"--start {arguments.start}: knows the labels {', '.join(model['labels'])}, "
                       f"in this order; --images names {', '.join(sets.names)}")
    sets.check_resolution(model, arguments.start)
    expected = networks.model_variables(settings, sets.resolution, len(sets.names))
    shapes = {name: value.shape for name, value in weights.items() if name != openset.REFERENCES}
    if shapes != expected:
        raise BadInput(f"--start {arguments.start}: its layers are not those of these settings; "
                       "give --config the settings of its architecture that model.json names")
    return model["weights_sha256"], weights
