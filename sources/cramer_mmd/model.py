"""What a model says of itself, and how its values become 8-bit. No PyTorch.

weights.npz: generator/NAME and discriminator/NAME, NAME as in `variables` and the published checkpoints.
"""

import numpy as np

VALUE_RANGES = {
    "published": "[0, 1] to 0..255, each image stretched so that its darkest value is 0 and its brightest 255",
    "round": "[0, 1] to 0..255: value * 255, to the nearest"}


def to_uint8(images, quantize):
    """float32 images (N, R, R, 3) in [0, 1] as uint8, the way `quantize` says (see VALUE_RANGES)."""
    if quantize == "round":
        return np.rint(images * np.float32(255)).astype(np.uint8)
    return np.stack([_stretched(image) for image in images])


def _stretched(image):
    """One image as the published code saves it: halved and shifted in float32, stretched in float64, half up."""
    image = ((image + np.float32(1)) / np.float32(2)).astype(np.float64)
    low, high = image.min(), image.max()
    scaled = (image - low) * (255 / ((high - low) or 1))
    return (scaled.clip(0, 255) + 0.5).astype(np.uint8)
