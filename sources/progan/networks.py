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

_SLOPE = 0.2  # of the leaky ReLU
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


def discriminator(network, weights, images, level, fade, precision="float32", batches=1):
    """(scores (N, 1), labels (N, label_size)), both linear.

    The images are `batches` minibatches, one after the other, each of at most, or a multiple of, mbstd_group_size.
    """
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
    outputs = _last_stage(layers, tf.cast(features, tf.float32), batches)
    return outputs[:, :1], outputs[:, 1:]


def fixed(network, weights):
    """`weights`, {name: array}, of a generator that learns no more, as tensors, with their kernels.

    So kernels are scaled and added up once, and not in every block: 0.1 s of a core at 128 pixels.
    """
    return with_kernels(network, {name: tf.constant(value) for name, value in weights.items()})


def with_kernels(network, weights):
    """`weights`, {name: tensor}, and LAYER/kernel, what a layer multiplies, for all that is computed with them."""
    layers = _Layers(network, weights)
    kernels = {name.replace("/weight", "/kernel"): layers.kernel(name.split("/weight")[0])
               for name in weights if name.endswith("/weight")}
    return dict(weights, **kernels)


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
        return self.add_bias(tf.nn.conv2d(x, tf.cast(self.kernel(layer), x.dtype), 1, "SAME"), layer)

    def conv_activate(self, x, layer):
        return self.activate(self.conv(x, layer))

    def to_rgb(self, x, level):
        return self.conv(tf.cast(x, tf.float32), "ToRGB_lod%d" % level)

    def dense(self, x, layer):
        return self.add_bias(tf.matmul(x, self.kernel(layer)), layer)

    def up(self, x, stage):
        """Convolution and doubling of the resolution to 2^stage."""
        layer = variables.up_name(self.network, stage)
        if not self.network.fused_scale:
            return self.conv(upscale(x, 2), layer)
        shape = (tf.shape(x)[0], 2 ** stage, 2 ** stage, width(self.network, stage - 1))
        kernel = tf.cast(self.kernel(layer), x.dtype)
        return self.add_bias(tf.nn.conv2d_transpose(x, kernel, shape, 2, "SAME"), layer)

    def down(self, x, stage):
        """Convolution and halving of the resolution 2^stage."""
        layer = variables.down_name(self.network, stage)
        if not self.network.fused_scale:
            return downscale(self.conv(x, layer), 2)
        kernel = tf.cast(self.kernel(layer) * 0.25, x.dtype)
        return self.add_bias(tf.nn.conv2d(x, kernel, 2, "SAME"), layer)

    def kernel(self, layer):
        """What is multiplied with: ready, or the weight, scaled, and of a fused layer the sum of its shifts."""
        ready = self.weights.get(layer + "/kernel")
        if ready is not None:
            return ready
        name = layer + "/weight"
        weight = self.weights[name]
        if self.network.use_wscale:
            weight = weight * variables.scale(name, weight.shape)
        return _add_shifts(weight) if layer.endswith(variables.FUSED) else weight

    def add_bias(self, x, layer):
        return tf.nn.bias_add(x, tf.cast(self.weights[layer + "/bias"], x.dtype))

    def activate(self, x):
        return _leaky_relu(x) if self.network.use_leakyrelu else tf.nn.relu(x)

    def norm(self, x):
        return _pixel_norm(x, self.network.pixelnorm_epsilon) if self.network.use_pixelnorm else x


def _first_stage(layers, inputs):
    network = layers.network
    if network.normalize_latents:
        inputs = _pixel_norm(inputs, network.pixelnorm_epsilon)
    x = tf.reshape(tf.matmul(inputs, layers.kernel("4x4/Dense")), (-1, width(network, 1), 4, 4))
    x = layers.add_bias(tf.transpose(x, (0, 2, 3, 1)), "4x4/Dense")
    x = layers.norm(layers.activate(x))
    return layers.norm(layers.conv_activate(x, "4x4/Conv"))


def _last_stage(layers, features, batches):
    network = layers.network
    if network.mbstd_group_size > 1:
        features = _append_deviation(features, network.mbstd_group_size, batches)
    x = layers.conv_activate(features, "4x4/Conv")
    x = tf.reshape(tf.transpose(x, (0, 3, 1, 2)), (-1, width(network, 1) * 16))
    x = layers.activate(layers.dense(x, "4x4/Dense0"))
    return layers.dense(x, "4x4/Dense1")


def _append_deviation(x, group_size, batches=1):
    """One more channel: the mean standard deviation within a group of images (section 3).

    With M groups in each batch, its image i is in group i mod M.
    """
    size = tf.minimum(group_size, tf.shape(x)[0] // batches)
    _, height, wide, channels = x.shape
    groups = tf.reshape(x, (batches, size, -1, height, wide, channels))
    deviation = tf.sqrt(tf.math.reduce_variance(groups, axis=1, keepdims=True) + 1e-8)
    mean = tf.reduce_mean(deviation, axis=(3, 4, 5), keepdims=True)
    of_each = tf.broadcast_to(mean, tf.shape(groups[..., :1]))
    return tf.concat([x, tf.reshape(of_each, (-1, height, wide, 1))], axis=3)


@tf.custom_gradient
def _leaky_relu(x):
    """Its gradient is told by the sign of what comes out, which is that of what goes in.

    So nobody asks for what goes in, and on a CPU convolution, bias and this are one step when training too. Its own
    gradient does not go through that sign: TensorFlow would take one of zeros back through all layers before.
    """
    activated = tf.nn.leaky_relu(x, _SLOPE)
    sign = tf.stop_gradient(activated)
    return activated, lambda gradient: tf.raw_ops.LeakyReluGrad(gradients=gradient, features=sign, alpha=_SLOPE)


def _pixel_norm(x, epsilon):
    """Its mean is added up in float32, whatever `x` is."""
    mean = tf.reduce_mean(tf.square(tf.cast(x, tf.float32)), axis=-1, keepdims=True)
    return x * tf.cast(tf.math.rsqrt(mean + epsilon), x.dtype)


def _add_shifts(kernel):
    """The 4x4 kernel of a fused layer: the sum of the four one-pixel shifts of a 3x3 one.

    Two and two, in this order: TensorFlow promises none where many are added at once. Zeros before and after, as
    slices of one padded kernel would have slow gradients.
    """
    for axis in (0, 1):
        after, before = ([[0, 0] for _ in kernel.shape] for _ in "ab")
        after[axis][1] = before[axis][0] = 1
        kernel = tf.pad(kernel, after) + tf.pad(kernel, before)
    return kernel


def _mix(image, lower, fade):
    """A product each, as a gradient that were handed on as it is would be added up with others: see trainer._critic."""
    fade = tf.cast(fade, image.dtype)
    return image * (1 - fade) + lower * fade
