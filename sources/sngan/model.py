"""What a model says of itself, its weights, and how its values become 8-bit.

weights.npz: generator/KEY and discriminator/KEY, KEY as in the published snapshots.
"""

import numpy as np

ARCHITECTURE = "SNGAN"
BLOCK = 16  # images generated together; nothing in SNGAN depends on it but the last bits
VALUE_RANGES = {"published": "[-1, 1] to 0..255: value * 127.5 + 127.5, clipped, truncated",
                "round": "[-1, 1] to 0..255: value * 127.5 + 127.5, clipped, to the nearest"}


def to_uint8(images, quantize):
    """float32 images (N, 3, R, R) in [-1, 1] as uint8 (N, R, R, 3), the way `quantize` says (see VALUE_RANGES)."""
    values = np.clip(images * np.float32(127.5) + np.float32(127.5), 0, 255)
    if quantize == "round":
        values = np.rint(values)
    return np.ascontiguousarray(values.astype(np.uint8).transpose(0, 2, 3, 1))


def save(network):
    """{key: array} of a Chainer network, its persistent values included, or of an optimizer."""
    from chainer.backends import cuda
    from chainer.serializers import DictionarySerializer

    serializer = DictionarySerializer()
    serializer.save(network)
    return dict((key, np.array(cuda.to_cpu(value))) for key, value in serializer.target.items())


def load(network, values):
    """Give a Chainer network on the CPU, or an optimizer, the values that `save` returned."""
    from chainer.serializers import NpzDeserializer

    NpzDeserializer(values).load(network)
