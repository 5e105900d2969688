"""The verb train."""

import math

from attribution import device, feeding, trainers
from attribution.settings import check_sizes, from_config
from sources.contract import command, events, models
from sources.contract.settings import read_config
from sources.contract.training import Training


def train(arguments):
    """Train the classifier, or the visualisation network, on image sets; continue from the last checkpoint."""
    settings = from_config(read_config(arguments.config))
    sets = feeding.read_sets(arguments.images, 0, arguments.train + arguments.validation)
    resolution = next(iter(sets.values())).resolution
    check_sizes(settings, resolution)
    identity = {"settings": settings._asdict(), "seed": arguments.seed,
                "train": arguments.train, "validation": arguments.validation,
                "images": [[name, image_set.index["sha256"]] for name, image_set in sets.items()]}
    run = Training(arguments.out, identity, -(-settings.images // settings.minibatch), settings.checkpoint_every)
    if not models.holds(arguments.out, identity):
        events.log(f"computing on {device.choose(arguments.device)}")
        trainer = trainers.new(settings, resolution, len(sets), arguments.seed)
        _train(run, trainer, settings, [image_set.images for image_set in sets.values()], arguments)
        run.finish()
        _write(arguments, identity, settings, sets, resolution, trainer.weights())
    run.clean()
    events.done(model=arguments.out)


class _Validation:
    """The share of held-out images that get the right label, measured now and then; not a number before that."""

    def __init__(self, trainer, classes):
        self._trainer, self._classes = trainer, classes
        self.accuracy = math.nan

    def measure(self):
        right = 0
        for label, images in enumerate(self._classes):
            for block, count in feeding.blocks(images):
                logits = self._trainer.logits(block).numpy()[:count]
                right += int((logits.argmax(axis=1) == label).sum())
        self.accuracy = right / sum(map(len, self._classes))


def _train(run, trainer, settings, parts, arguments):
    count = arguments.train
    validation = _Validation(trainer, [images[count:][:arguments.validation] for images in parts])
    state = run.resume()
    if state is not None:
        validation.accuracy = float(state.pop("validation_accuracy"))
        trainer.restore(state)
    batches = feeding.BalancedBatches([images[:count] for images in parts], trainer.batch, arguments.seed,
                                      settings.mirror)
    coming = feeding.ahead(batches.__getitem__, range(run.done, run.total))
    for step in run.steps(lambda: dict(trainer.state(), validation_accuracy=validation.accuracy)):
        losses = trainer.step(step, *next(coming))
        if (step + 1) % settings.validate_every == 0 or step + 1 == run.total:
            validation.measure()
        if not math.isnan(validation.accuracy):
            losses = dict(losses, validation_accuracy=validation.accuracy)
        run.record(step, settings.minibatch, losses)


def _write(arguments, identity, settings, sets, resolution, weights):
    models.write(
        arguments.out, settings.network, weights, settings=settings._asdict(), resolution=resolution,
        labels=list(sets), training=identity, made_by=command.made_by(**device.VERSIONS),
        source={"architecture": settings.network, "seed": arguments.seed,
                "images": {name: image_set.index.get("source") for name, image_set in sets.items()}})
