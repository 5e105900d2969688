"""The verb check: is this image whole?"""

import numpy as np

from attribution.perception import device, efficientnet, lpips, weights
from sources.contract import events


def check(arguments):
    """Show both networks two random images, say the versions."""
    chosen = device.choose(arguments.device)
    images = np.random.RandomState(0).randint(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    sees, compares = efficientnet.EfficientNet(weights.efficientnet()), lpips.Lpips(weights.alexnet())
    found = sees.features(images).numpy(), compares.embed(images).numpy()
    if not all(np.isfinite(values).all() for values in found):
        raise RuntimeError(f"TensorFlow {device.VERSIONS['tensorflow']} computes nonsense here")
    events.done(versions=device.VERSIONS, device=chosen)
