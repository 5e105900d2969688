"""The verb train."""

from sources.contract import events, imagesets, models
from sources.contract.batches import Batches
from sources.contract.training import Training

from . import settings
from .model import ARCHITECTURE, BLOCK, VALUE_RANGE, to_uint8

_PREVIEWS = 64


def train(arguments):
    """Grow a generator and a discriminator on an image set; continue from the last checkpoint in `out`."""
    images = imagesets.read(arguments.images)
    chosen = settings.read(arguments.config, images.resolution)
    identity = {"settings": chosen._asdict(), "seed": arguments.seed, "images": images.index["sha256"]}
    run = Training(arguments.out, identity, chosen.steps, chosen.checkpoint_every, chosen.preview_every)
    if not models.holds(arguments.out, identity):
        trainer = _train(arguments, run, images, chosen)
        run.finish()
        _write(arguments, identity, images, chosen, trainer.weights(run.done))
    run.clean()
    events.done(model=arguments.out)


def _train(arguments, run, images, chosen):
    batches = Batches(images.images, chosen.minibatch, arguments.seed)
    state = run.resume()
    from . import device  # late: what is wrong with the input is said before TensorFlow is loaded
    from .trainer import Trainer

    events.log("computing on %s" % device.choose(arguments.device))
    trainer = Trainer(settings.network_of(chosen, images.resolution), chosen, arguments.seed)
    if state is not None:
        trainer.restore(state)
    for step in run.steps(trainer.state, lambda: to_uint8(trainer.preview(_PREVIEWS, run.done))):
        run.record(step, chosen.minibatch, trainer.step(step, batches[step]))
    return trainer


def _write(arguments, identity, images, chosen, weights):
    origin = images.index.get("source") or {}
    network = settings.network_of(chosen, images.resolution)._asdict()
    models.write(
        arguments.out, ARCHITECTURE, weights, settings=chosen._asdict(), resolution=images.resolution, block=BLOCK,
        networks={"generator": network, "discriminator": network}, training=identity, value_range=VALUE_RANGE,
        source={"architecture": ARCHITECTURE, "dataset": origin.get("dataset"), "subset": origin.get("subset"),
                "seed": arguments.seed})
