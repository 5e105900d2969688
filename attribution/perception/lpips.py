"""LPIPS 0.1, on AlexNet: how different two images look (Zhang et al. 2018).

The distance is the sum over five layers of the mean over places of the weighed squared difference
of their features, which are unit vectors at every place. So every image can be given one vector,
and LPIPS is the squared Euclidean distance of two.

The weights were fitted to patches of 64x64 pixels, and on 32x32 AlexNet's last layers are a single
place. So smaller images are resized to 64x64, bilinearly; larger ones stay as they are.
"""

import numpy as np
import tensorflow as tf

from attribution.perception import resizing

NAME = "LPIPS 0.1, AlexNet"
LEAST = 64  # pixels
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of values from -1 to 1
_LAYERS = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))  # stride and padding of the convolutions
_POOLED = (1, 2)  # the convolutions with a pooling before them
_EPSILON = 1e-10


class Lpips:
    """The network. weights: as weights.alexnet() gives them."""

    def __init__(self, weights):
        self._weights = weights

    @tf.function(autograph=False)
    def embed(self, images):
        """uint8 images (N, R, R, 3) -> float32 vectors, (N, D); D depends on R."""
        if images.shape[1] < LEAST:
            images = resizing.resize(images, LEAST, resizing.linear)
        values = (tf.cast(images, tf.float32) / 127.5 - 1 - _SHIFT) / _SCALE
        vectors = []
        for number, (stride, padding) in enumerate(_LAYERS):
            if number in _POOLED:
                values = tf.nn.max_pool2d(values, 3, 2, "VALID")
            values = self._convolve(values, number, stride, padding)
            vectors.append(self._vector(values, number))
        return tf.concat(vectors, axis=1)

    def _convolve(self, values, number, stride, padding):
        layer, around = self._weights["AlexNet_0"][f"Conv_{number}"], (padding, padding)
        return tf.nn.relu(layer["bias"] + tf.nn.conv2d(
            values, layer["kernel"], stride, [(0, 0), around, around, (0, 0)]))

    def _vector(self, values, number):
        """What a layer adds to the vectors: unit vectors at every place, and the layer's weights."""
        _, height, width, channels = values.shape
        length = tf.sqrt(tf.reduce_sum(values ** 2, axis=-1, keepdims=True))
        head = self._weights[f"NetLinLayer_{number}"]["Conv_0"]["kernel"].reshape(channels)
        weighed = values / (length + _EPSILON) * np.sqrt(head / (height * width))
        return tf.reshape(weighed, (-1, height * width * channels))
