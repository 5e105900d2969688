"""The verb check: is this image whole?"""

import numpy as np

from attribution import device, trainers
from attribution.settings import PUBLISHED
from sources.contract import events


def check(arguments):
    """Take one step of each training with tiny networks, say the versions."""
    chosen = device.choose(arguments.device)
    for published in PUBLISHED.values():
        settings = published._replace(fmap_base=16, fmap_max=8, minibatch=4)
        trainer = trainers.new(settings, 8, 0, chosen, labels=2)
        images = np.random.RandomState(0).randint(0, 256, (settings.batch, 8, 8, 3))
        losses = trainer.step(0, [(images.astype(np.uint8), np.arange(settings.batch) % 2)])
        if not all(np.isfinite(loss) for loss in losses.values()):
            raise RuntimeError(
                f"TensorFlow {device.VERSIONS['tensorflow']} computes nonsense here: {losses}")
    events.done(versions=device.VERSIONS, device=chosen)
