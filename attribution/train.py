"""The verb train."""

from attribution import device, feeding, trainers
from attribution.settings import check_sizes, from_config
from sources.contract import command, events, models
from sources.contract.settings import read_config
from sources.contract.training import Training


def train(arguments):
    """Train the classifier, or the visualisation network, on image sets; continue from the last checkpoint."""
    settings = from_config(read_config(arguments.config))
    sets = feeding.read_classes(arguments.images, 0, settings.train + settings.validation)
    resolution = next(iter(sets.values())).resolution
    check_sizes(settings, resolution)
    identity = {"settings": settings._asdict(), "seed": arguments.seed,
                "images": [[name, image_set.index["sha256"]] for name, image_set in sets.items()]}
    run = Training(arguments.out, identity, -(-settings.images // settings.minibatch), settings.checkpoint_every)
    if not models.holds(arguments.out, identity):
        events.log(f"computing on {device.choose(arguments.device)}")
        trainer = trainers.new(settings, resolution, len(sets), arguments.seed)
        _train(run, trainer, settings, [image_set.images for image_set in sets.values()], arguments.seed)
        run.finish()
        _write(arguments, identity, settings, sets, resolution, trainer.weights())
    run.clean()
    events.done(model=arguments.out)


def _train(run, trainer, settings, classes, seed):
    state = run.resume()
    accuracy = 0.0
    if state is not None:
        accuracy = float(state.pop("validation_accuracy"))
        trainer.restore(state)
    batches = feeding.BalancedBatches([images[:settings.train] for images in classes], trainer.batch, seed,
                                      settings.mirror)
    validation = [images[settings.train:settings.train + settings.validation] for images in classes]
    coming = feeding.ahead(batches.__getitem__, range(run.done, run.total))
    for step in run.steps(lambda: dict(trainer.state(), validation_accuracy=accuracy)):
        losses = trainer.step(step, *next(coming))
        if (step + 1) % settings.validate_every == 0 or step + 1 == run.total:
            accuracy = _accuracy(trainer, validation)
        run.record(step, settings.minibatch, dict(losses, validation_accuracy=accuracy))


def _accuracy(trainer, classes):
    """The share of the images of all classes that get the right label."""
    right = 0
    for label, images in enumerate(classes):
        for block, count in feeding.blocks(images):
            logits = trainer.logits(block).numpy()[:count]
            right += int((logits.argmax(axis=1) == label).sum())
    return right / sum(map(len, classes))


def _write(arguments, identity, settings, sets, resolution, weights):
    extra = {"critic": {"fmap_base": settings.fmap_base, "fmap_max": settings.fmap_max}}
    models.write(
        arguments.out, settings.network, weights, settings=settings._asdict(), resolution=resolution,
        classes=list(sets), training=identity, made_by=command.made_by(**device.VERSIONS),
        source={"architecture": settings.network, "seed": arguments.seed,
                "images": {name: image_set.index.get("source") for name, image_set in sets.items()}},
        **(extra if settings.network == "visnet" else {}))
