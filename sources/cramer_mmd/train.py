"""The verb train."""

from sources.contract import events, imagesets, models
from sources.contract.batches import Batches
from sources.contract.training import Training

from . import device, settings
from .model import NAMES, VALUE_RANGES, to_uint8
from .trainer import Trainer

_PREVIEWS = 64


def train(critic, arguments):
    """Train both networks on an image set; continue from the last checkpoint in `out`."""
    images = imagesets.read(arguments.images)
    chosen = settings.read(critic, arguments.config, images.resolution)
    identity = {"critic": critic, "settings": chosen._asdict(), "seed": arguments.seed,
                "images": images.index["sha256"]}
    run = Training(arguments.out, identity, chosen.rounds, chosen.checkpoint_every, chosen.preview_every)
    if not models.holds(arguments.out, identity):
        weights = _train(critic, arguments, run, images, chosen)
        run.finish()
        _write(critic, arguments, identity, images, chosen, weights)
    run.clean()
    events.done(model=arguments.out)


def _train(critic, arguments, run, images, chosen):
    batches = Batches(images.images, chosen.minibatch, arguments.seed)
    place = device.choose(arguments.device)
    events.log("computing on %s" % place)
    trainer = Trainer(critic, chosen, images.resolution, arguments.seed, place)
    state = run.resume()
    if state is not None:
        trainer.restore(state)
    for number in run.steps(trainer.state, lambda: to_uint8(trainer.preview(_PREVIEWS), "round")):
        losses = trainer.round(number, batches)
        run.record(number, chosen.minibatch * (trainer.steps_of(number) + 1), losses)
    return trainer.weights()


def _write(critic, arguments, identity, images, chosen, weights):
    origin = images.index.get("source") or {}
    models.write(
        arguments.out, NAMES[critic], weights, settings=chosen._asdict(), resolution=images.resolution,
        block=chosen.minibatch, training=identity, value_range=VALUE_RANGES["published"],
        source={"architecture": NAMES[critic], "dataset": origin.get("dataset"), "subset": origin.get("subset"),
                "seed": arguments.seed})
