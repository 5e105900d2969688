"""Resizing, as Pillow does it with numbers that are not rounded: on any device the same way."""

import numpy as np
import tensorflow as tf


def cubic(distance):
    """The weight of a pixel at so many pixels' distance: Keys 1981, with a = -1/2."""
    near = (1.5 * distance - 2.5) * distance ** 2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


def linear(distance):
    """The same for a bilinear resize."""
    return np.maximum(1 - distance, 0)


def resize(images, size, kernel):
    """`images`, (N, R, R, C), at `size` pixels: float32 (N, size, size, C), in the range 0 to 255."""
    weights = matrix(images.shape[1], size, kernel)
    images = tf.einsum("ai,nijc,bj->nabc", weights, tf.cast(images, tf.float32), weights)
    return tf.clip_by_value(images, 0, 255)


def matrix(before, after, kernel):
    """float32 (after, before): a row of weights for every new pixel, with sum 1.

    A kernel is as wide as the coarser one of the two grids asks for: what shrinks is smoothed.
    """
    step = before / after
    centres = (np.arange(after) + 0.5) * step
    distances = np.abs(np.arange(before) + 0.5 - centres[:, None])
    weights = kernel(distances / max(step, 1))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
