"""The verb check: is this image whole?"""

import numpy as np

from sources.contract import events


def check(arguments):
    """Import PyTorch, do one round of training of tiny networks, say the versions."""
    from . import device
    from .device import torch
    from .trainer import Trainer

    place = device.choose(arguments.device)
    tiny = arguments.gan.PUBLISHED._replace(generator_width=1, discriminator_width=1, features=4,
                                            minibatch=4, first_discriminator_steps=1)
    trainer = Trainer(tiny, 32, 0, place, arguments.gan)
    batches = np.random.RandomState(0).randint(0, 256, (2, 4, 32, 32, 3)).astype(np.uint8)
    losses = trainer.step(0, batches)
    if not all(torch.isfinite(loss) for loss in losses.values()):
        raise RuntimeError("PyTorch %s computes nonsense here: %s" % (torch.__version__, losses))
    events.done(versions={"torch": torch.__version__, "numpy": np.__version__}, device=str(place))
