"""Removing a fingerprint from an image: projected gradient descent within a small ball.

Madry et al. 2018, "Towards deep learning models resistant to adversarial attacks", section 2.1:
from a random place in the ball, steps along the sign of the gradient, each taken back into the
ball. Here the loss of the true source is driven up, so that any other is named. White-box: the
gradient is that of the model which is deceived.
"""

import numpy as np
import tensorflow as tf

from attribution import copies, losses
from sources.contract.batches import random_at

_START = 1  # stream of random numbers


class Removal:
    """The attack on one model. All distances are in steps of 0..255."""

    def __init__(self, network, label, settings, seed):
        """network: of inference_tensorflow.py. label: place of the true source among the labels."""
        self._network, self._settings, self._seed = network, settings, seed
        self._truth = tf.one_hot([label] * copies.BLOCK, network.labels)

    def changed(self, images, number):
        """What becomes of images, uint8 (n, R, R, 3), of which the first has this number.

        No value is more than epsilon away. n: copies.BLOCK at most; a short block is filled up, so
        that the bits of an image do not depend on how many there are.
        """
        epsilon, count = self._settings.epsilon, len(images)
        start = [random_at(self._seed, _START, place).uniform(-epsilon, epsilon, image.shape)
                 for place, image in enumerate(images, number)]
        before = _filled(images).astype(np.float32)
        low, high = np.maximum(before - epsilon, 0), np.minimum(before + epsilon, 255)
        found = tf.clip_by_value(before + _filled(np.float32(start)), low, high)
        for _ in range(self._settings.steps):
            found = tf.clip_by_value(found + self._step(found), low, high)
        return np.rint(found[:count]).astype(np.uint8)

    @tf.function(autograph=False)
    def _step(self, images):
        """One step up the loss of the true source: float32 (N, R, R, 3)."""
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = losses.cross_entropy(self._network.graph(images)["scores"], self._truth)
        size = self._settings.step_size * self._settings.epsilon
        return size * tf.sign(tape.gradient(loss, images))


def _filled(images):
    return np.resize(images, (copies.BLOCK, *images.shape[1:]))
