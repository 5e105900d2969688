"""EfficientNet-Lite0, trained on ImageNet: what a network that knows a thousand things sees.

Tan and Le 2019; the Lite variants have no squeeze-excitation, and ReLU6 for swish. It takes 224x224
pixels: smaller and larger images are resized, bicubically.
"""

import numpy as np
import tensorflow as tf

from attribution.perception import resizing

NAME = "EfficientNet-Lite0"
SIZE = 224  # pixels
FEATURES = 1280
_BLOCKS = 16
_HALVING = (1, 3, 5, 11)  # the blocks that have stride 2
_EPSILON = 1e-3  # of batch normalisation


class EfficientNet:
    """The network up to its pooled features. weights: {name: array}, as weights.efficientnet()."""

    def __init__(self, weights):
        self._weights = weights

    @tf.function(autograph=False)
    def features(self, images):
        """uint8 images (N, R, R, 3) -> float32 (N, 1280), each at least 0 and at most 6."""
        values = (resizing.resize(images, SIZE, resizing.cubic) - 127) / 128
        values = tf.nn.relu6(self._convolve(values, "_conv_stem", "_bn0", stride=2))
        for number in range(_BLOCKS):
            values = self._block(values, f"_blocks.{number}", 2 if number in _HALVING else 1)
        values = tf.nn.relu6(self._convolve(values, "_conv_head", "_bn1"))
        return tf.reduce_mean(values, (1, 2))

    def _block(self, before, name, stride):
        """Wider, within each channel, narrower; with a shortcut where nothing changes its shape."""
        values = before
        if f"{name}._expand_conv.weight" in self._weights:
            values = tf.nn.relu6(self._convolve(values, f"{name}._expand_conv", f"{name}._bn0"))
        values = tf.nn.relu6(self._convolve(values, f"{name}._depthwise_conv", f"{name}._bn1",
                                            stride))
        values = self._convolve(values, f"{name}._project_conv", f"{name}._bn2")
        return values + before if values.shape == before.shape else values

    def _convolve(self, values, name, norm, stride=1):
        """A convolution and the batch normalisation behind it, which is linear too."""
        kernel, strides = self._weights[f"{name}.weight"], [1, stride, stride, 1]
        gain, bias, mean, variance = (self._weights[f"{norm}.{part}"] for part in (
            "weight", "bias", "running_mean", "running_var"))
        gain = gain / np.sqrt(variance + _EPSILON)
        kernel = kernel * gain[:, None, None, None]
        if name.endswith("_depthwise_conv"):
            values = tf.nn.depthwise_conv2d(values, kernel.transpose(2, 3, 0, 1), strides, "SAME")
        else:
            values = tf.nn.conv2d(values, kernel.transpose(2, 3, 1, 0), strides, "SAME")
        return values + (bias - mean * gain)
