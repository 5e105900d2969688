"""The verb check: is this image whole?"""

import numpy as np

from sources.contract import events

from .settings import PUBLISHED


def check(arguments):
    """Import Chainer, do one iteration of training of tiny networks, say the versions."""
    import chainer

    from . import device
    from .trainer import Trainer

    where = device.choose(arguments.device)
    tiny = PUBLISHED._replace(width=2, latent_size=8, minibatch=4, discriminator_steps=1)
    trainer = Trainer(tiny, 32, 0, where)
    batches = np.random.RandomState(0).randint(0, 256, (1, 4, 32, 32, 3)).astype(np.uint8)
    losses = trainer.step(0, batches)
    if not all(np.isfinite(float(loss)) for loss in losses.values()):
        raise RuntimeError("Chainer %s computes nonsense here: %s" % (chainer.__version__, losses))
    events.done(versions={"chainer": chainer.__version__, "numpy": np.__version__}, device=where)
