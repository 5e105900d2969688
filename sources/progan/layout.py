"""Many arrays as one vector."""

import math

import numpy as np
import tensorflow as tf


class Layout:
    """Where arrays {name: shape} lie in one float32 vector, one after the other.

    What is done to each element by itself, as by an optimiser, so is one operation and not one for each array.
    """

    def __init__(self, shapes):
        self._shapes = shapes
        self._sizes = [math.prod(shape) for shape in shapes.values()]

    def vector(self, arrays, prefix=""):
        """The vector of {prefix + name: array}; there may be others among them."""
        return np.concatenate([np.ravel(arrays[prefix + name]) for name in self._shapes])

    def arrays(self, vector, prefix=""):
        """{prefix + name: array} of a vector, an array."""
        parts = np.split(vector, np.cumsum(self._sizes)[:-1])
        return {prefix + name: part.reshape(shape) for (name, shape), part in self._with_shapes(parts)}

    def tensors(self, vector):
        """{name: tensor} of a vector, a tensor. Their gradients are one vector again."""
        parts = tf.split(vector, self._sizes)
        return {name: tf.reshape(part, shape) for (name, shape), part in self._with_shapes(parts)}

    def _with_shapes(self, parts):
        return zip(self._shapes.items(), parts, strict=True)
