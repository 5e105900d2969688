"""The verb train."""

from sources.contract import events, imagesets, models
from sources.contract.batches import Batches
from sources.contract.training import Training

from . import device, settings
from .model import ARCHITECTURE, BLOCK, VALUE_RANGES, to_uint8
from .trainer import Trainer

_PREVIEWS = 64


def train(arguments):
    """Train both networks on an image set; continue from the last checkpoint in `out`."""
    images = imagesets.read(arguments.images)
    chosen = settings.read(arguments.config, images.resolution)
    identity = {"settings": dict(chosen._asdict()), "seed": arguments.seed, "images": images.index["sha256"]}
    run = Training(arguments.out, identity, chosen.iterations, chosen.checkpoint_every, chosen.preview_every)
    if not models.holds(arguments.out, identity):
        weights = _train(arguments, run, images, chosen)
        run.finish()
        _write(arguments, identity, images, chosen, weights)
    run.clean()
    events.done(model=arguments.out)


def _train(arguments, run, images, chosen):
    batches = Batches(images.images, chosen.minibatch, arguments.seed)
    where = device.choose(arguments.device)
    events.log("computing on %s" % where)
    trainer = Trainer(chosen, images.resolution, arguments.seed, where)
    state = run.resume()
    if state is not None:
        trainer.restore(state, where)
    for number in run.steps(trainer.state, lambda: to_uint8(trainer.preview(_PREVIEWS), "round")):
        losses = trainer.iteration(number, batches)
        run.record(number, chosen.minibatch * chosen.discriminator_steps, losses)
    return trainer.weights()


def _write(arguments, identity, images, chosen, weights):
    origin = images.index.get("source") or {}
    models.write(
        arguments.out, ARCHITECTURE, weights, settings=dict(chosen._asdict()), resolution=images.resolution,
        size=images.resolution, block=BLOCK, training=identity, value_range=VALUE_RANGES["published"],
        source={"architecture": ARCHITECTURE, "dataset": origin.get("dataset"), "subset": origin.get("subset"),
                "seed": arguments.seed})
