"""The generator and the discriminator (Table 2), as functions of a dict of weights {published name: tensor}.

Images are float32 (N, R, R, 3), nominally in [-1, 1], and always of full size. The level of detail comes
in two parts, `level` = floor(lod), a Python int, and `fade` = lod - level, a scalar tensor: the resolution
that is computed is R / 2^level, mixed with the next lower one by the weight `fade` (Figure 2).
Channels are last inside, as TensorFlow has no gradient of a channels-first convolution on CPUs.
Of the precision "bfloat16" are activations and kernels between the 4x4 image and the full one; weights, images and
all at 4x4 are float32 always ("tf32" is the device's affair).
"""

import math

import numpy as np
import tensorflow as tf

from . import variables
from .settings import width

_KINDS = {"float32": tf.float32, "tf32": tf.float32, "bfloat16": tf.bfloat16}


def split_lod(network, lod):
    """(level, fade) of a level of detail; at `stages - 2` and above it is the 4x4 image alone."""
    lod = min(max(np.float32(lod), np.float32(0)), np.float32(variables.stages(network) - 2))
    return int(math.floor(lod)), np.float32(lod - np.floor(lod))


def generator(network, weights, inputs, level, fade, precision="float32"):
    """Images (N, R, R, 3) from latents, with labels beside them: (N, latent_size + label_size)."""
    layers = _Layers(network, weights)
    last = variables.stages(network) - level
    features, before = tf.cast(_first_stage(layers, inputs), _KINDS[precision]), None
    for stage in range(3, last + 1):
        before = features
        features = layers.norm(layers.activate(layers.up(features, stage)))
        features = layers.norm(layers.conv_activate(features, variables.block_name(stage, "Conv1")))
    images = layers.to_rgb(features, level)
    if before is not None:
        images = _mix(images, upscale(layers.to_rgb(before, level + 1), 2), fade)
    return upscale(images, 2 ** level)


def discriminator(network, weights, images, level, fade, precision="float32"):
    """(scores (N, 1), labels (N, label_size)), both linear. N at most, or a multiple of, mbstd_group_size."""
    layers = _Layers(network, weights)
    first = variables.stages(network) - level
    images = downscale(images, 2 ** level)
    features = tf.cast(layers.conv_activate(images, "FromRGB_lod%d" % level), _KINDS[precision])
    for stage in range(first, 2, -1):
        features = layers.conv_activate(features, variables.block_name(stage, "Conv0"))
        features = layers.activate(layers.down(features, stage))
        if stage == first:
            lower = layers.conv_activate(downscale(images, 2), "FromRGB_lod%d" % (level + 1))
            features = _mix(features, tf.cast(lower, features.dtype), fade)
    outputs = _last_stage(layers, tf.cast(features, tf.float32))
    return outputs[:, :1], outputs[:, 1:]


def downscale(images, factor):
    """The mean of each factor x factor box."""
    return tf.nn.avg_pool2d(images, factor, factor, "VALID") if factor > 1 else images


def upscale(images, factor):
    """Nearest neighbour."""
    if factor == 1:
        return images
    _, height, wide, channels = images.shape
    boxes = tf.tile(images[:, :, None, :, None, :], (1, 1, factor, 1, factor, 1))
    return tf.reshape(boxes, (-1, height * factor, wide * factor, channels))


class _Layers:
    """The layers of one network, by name."""

    def __init__(self, network, weights):
        self.network, self.weights = network, weights

    def conv(self, x, layer):
        return self.add_bias(tf.nn.conv2d(x, tf.cast(self.weight(layer), x.dtype), 1, "SAME"), layer)

    def conv_activate(self, x, layer):
        return self.activate(self.conv(x, layer))

    def to_rgb(self, x, level):
        return self.conv(tf.cast(x, tf.float32), "ToRGB_lod%d" % level)

    def dense(self, x, layer):
        return self.add_bias(tf.matmul(x, self.weight(layer)), layer)

    def up(self, x, stage):
        """Convolution and doubling of the resolution to 2^stage."""
        layer = variables.up_name(self.network, stage)
        if not self.network.fused_scale:
            return self.conv(upscale(x, 2), layer)
        shape = (tf.shape(x)[0], 2 ** stage, 2 ** stage, width(self.network, stage - 1))
        kernel = tf.cast(_add_shifts(self.weight(layer)), x.dtype)
        return self.add_bias(tf.nn.conv2d_transpose(x, kernel, shape, 2, "SAME"), layer)

    def down(self, x, stage):
        """Convolution and halving of the resolution 2^stage."""
        layer = variables.down_name(self.network, stage)
        if not self.network.fused_scale:
            return downscale(self.conv(x, layer), 2)
        kernel = tf.cast(_add_shifts(self.weight(layer)) * 0.25, x.dtype)
        return self.add_bias(tf.nn.conv2d(x, kernel, 2, "SAME"), layer)

    def weight(self, layer):
        name = layer + "/weight"
        stored = self.weights[name]
        return stored * variables.scale(name, stored.shape) if self.network.use_wscale else stored

    def add_bias(self, x, layer):
        return x + tf.cast(self.weights[layer + "/bias"], x.dtype)

    def activate(self, x):
        return tf.nn.leaky_relu(x, 0.2) if self.network.use_leakyrelu else tf.nn.relu(x)

    def norm(self, x):
        return _pixel_norm(x, self.network.pixelnorm_epsilon) if self.network.use_pixelnorm else x


def _first_stage(layers, inputs):
    network = layers.network
    if network.normalize_latents:
        inputs = _pixel_norm(inputs, network.pixelnorm_epsilon)
    x = tf.reshape(tf.matmul(inputs, layers.weight("4x4/Dense")), (-1, width(network, 1), 4, 4))
    x = tf.transpose(x, (0, 2, 3, 1)) + layers.weights["4x4/Dense/bias"]
    x = layers.norm(layers.activate(x))
    return layers.norm(layers.conv_activate(x, "4x4/Conv"))


def _last_stage(layers, features):
    network = layers.network
    if network.mbstd_group_size > 1:
        features = _append_deviation(features, network.mbstd_group_size)
    x = layers.conv_activate(features, "4x4/Conv")
    x = tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (-1, width(network, 1) * 16))
    x = layers.activate(layers.dense(x, "4x4/Dense0"))
    return layers.dense(x, "4x4/Dense1")


def _append_deviation(x, group_size):
    """One more channel: the mean standard deviation within a group of images (section 3).

    With M groups, image i is in group i mod M.
    """
    count = tf.shape(x)[0]
    size = tf.minimum(group_size, count)
    _, height, wide, channels = x.shape
    groups = tf.reshape(x, (size, -1, height, wide, channels))
    deviation = tf.sqrt(tf.math.reduce_variance(groups, axis=0) + 1e-8)
    mean = tf.tile(tf.reduce_mean(deviation, axis=(1, 2, 3)), size[None])
    return tf.concat([x, tf.broadcast_to(mean[:, None, None, None], (count, height, wide, 1))], axis=3)


def _pixel_norm(x, epsilon):
    """Its mean is added up in float32, whatever `x` is."""
    mean = tf.reduce_mean(tf.square(tf.cast(x, tf.float32)), axis=-1, keepdims=True)
    return x * tf.cast(tf.math.rsqrt(mean + epsilon), x.dtype)


def _add_shifts(kernel):
    """The 4x4 kernel of a fused layer: the sum of the four one-pixel shifts of a 3x3 one."""
    shifts = ((0, 1), (1, 0))  # zeros before and after; slices of one padded kernel would have slow gradients
    return tf.add_n([tf.pad(kernel, (rows, columns, (0, 0), (0, 0))) for rows in shifts for columns in shifts])


def _mix(image, lower, fade):
    return image + (lower - image) * tf.cast(fade, image.dtype)
