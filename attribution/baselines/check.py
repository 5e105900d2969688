"""The verb check: is this image whole?"""

from types import SimpleNamespace

import numpy as np

from attribution.baselines import device, passes
from sources.contract import events


def check(arguments):
    """Train the method on two labels of random images, ask it about them, say the versions."""
    chosen, method = device.choose(arguments.device), arguments.method
    images = np.random.RandomState(0).randint(0, 256, (2, 8, 16, 16, 3)).astype(np.uint8)
    sets = SimpleNamespace(train=list(images[:, :6]), validation=list(images[:, 6:]), resolution=16)
    plan = method.plan(method.Settings(), sets)
    trainer = method.Trainer(method.Settings(), 16, 0, chosen, 2, plan)
    for number in range(len(plan)):
        trainer.step(number, passes.Reading(plan))
    if not np.isfinite(method.scorer(trainer.weights())(images[0])["scores"]).all():
        raise RuntimeError(f"{method.NAME} computes nonsense here, with {device.VERSIONS}")
    events.done(versions=device.VERSIONS, device=chosen)
