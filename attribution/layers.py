"""How the layers of networks.py are computed in TensorFlow.

Activations are (N, H, W, C), which is faster on CPUs; values in [-1, 1] for images. Weights are
those of the published files, unscaled: the equalised learning rate multiplies them here. Numbers:
facts of the published implementation and Karras et al. 2018, section 4.1 (scaling), section 3
(minibatch standard deviation).

Functions and no Keras layers: those are no faster (17.7 and 17.8 steps a second at 32 pixels on two
cores, 2.6 and 2.6 at 128), all but two would have to be classes of ours, and Keras takes no "/" in
names, which the published ones have.
"""

from functools import singledispatch

import numpy as np
import tensorflow as tf

from attribution import networks

_SLOPE = 0.2  # of the leaky ReLU


def run(layers, weights, images, precision="float32"):
    """Compute `layers` on images (N, R, R, 3); weights: {name: tensor}. Returns float32.

    precision: of all from the first layer with weights on; an image is filtered in its own. "tf32"
    is float32 to it: device.py lets a GPU's products have it.
    """
    features = images
    for layer in layers:
        if hasattr(layer, "variables"):
            features = tf.cast(features, "bfloat16" if precision == "bfloat16" else "float32")
        features = _compute(layer, weights, features)
    return tf.cast(features, tf.float32)


def encode_and_compare(layers, weights, images, precision="float32"):
    """EG: reconstructions (N, R, R, 3), fingerprints image - reconstruction, logits (N, labels)."""
    reconstructions = run(layers, weights, images, precision)
    fingerprints = images - reconstructions
    compared = networks.model_fingerprints(weights)
    pixels = int(np.prod(compared.shape[:3]))
    logits = tf.matmul(tf.reshape(fingerprints, (-1, pixels)), tf.reshape(compared, (pixels, -1)))
    return reconstructions, fingerprints, logits


def classify(layers, weights, images, precision="float32"):
    """A classifier: what its last layer is given, features, and what it makes of them, logits.

    Images (N, R, R, 3) to (N, D) and (N, labels); of a fully convolutional head (N, h, w, D) and
    (N, h, w, labels). float32.
    """
    *before, last = layers
    features = run(before, weights, images, precision)
    return features, run([last], weights, features, precision)


def average(values):
    """(N, C): the values of a fully convolutional head, (N, h, w, C), averaged; others as they are."""
    return values if values.shape.rank == 2 else tf.reduce_mean(values, (1, 2))


def to_float(images):
    """uint8 images as the networks take them: float32 in [-1, 1]."""
    return tf.cast(images, tf.float32) * np.float32(2 / 255) - 1


def fixed(layers, weights):
    """`weights`, {name: array}, of a model that learns no more, as tensors for `run` and the others.

    NAME/kernel is NAME/weight, scaled: once, not in every block. They are no constants of the
    graph, which would spare 0.4 ms an image at 128 pixels and take 1.4 s to compile.
    """
    kernels = {f"{layer.name}/kernel": _scaled(weights, layer.name, layer.gain)
               for layer in layers if hasattr(layer, "variables")}
    return {name: tf.constant(value) for name, value in {**weights, **kernels}.items()}


@singledispatch
def _compute(layer, weights, features):
    raise TypeError(f"no layer: {layer!r}")


@_compute.register
def _(layer: networks.Conv, weights, features):
    if layer.kernel == 3:
        features = _reflect(features, 1)
    kernel = _kernel(layer, weights, features.dtype)
    return _activate(layer, weights, tf.nn.conv2d(features, kernel, 1, "VALID"))


@_compute.register
def _(layer: networks.Dense, weights, features):
    if features.shape.rank == 4:
        features = tf.transpose(features, (0, 3, 1, 2))
    return _activate(layer, weights,
                     _multiply(layer, weights, tf.reshape(features, (-1, layer.inputs))))


@_compute.register
def _(layer: networks.DenseTo4x4, weights, features):
    features = tf.reshape(_multiply(layer, weights, features), (-1, layer.outputs, 4, 4))
    return _activate(layer, weights, tf.transpose(features, (0, 2, 3, 1)))


@_compute.register
def _(layer: networks.Average, weights, features):
    return tf.nn.avg_pool2d(features, 2, 2, "VALID")


@_compute.register
def _(layer: networks.Binomial, weights, features):
    return _binomial(features, 2)


@_compute.register
def _(layer: networks.Residual, weights, features):
    return features - 4 * _binomial(_spread(_spread(_binomial(features, 2), 1), 2), 1)


@_compute.register
def _(layer: networks.Upscale, weights, features):
    return tf.repeat(tf.repeat(features, 2, axis=1), 2, axis=2)


@_compute.register
def _(layer: networks.MinibatchStddev, weights, features):
    """Image i is in group i mod M of the M groups: the published stride."""
    count, height, width, channels = tf.unstack(tf.shape(features))
    size = tf.minimum(layer.group, count)
    groups = tf.reshape(features, (size, count // size, height, width, channels))
    variance = tf.reduce_mean(tf.square(groups - tf.reduce_mean(groups, axis=0)), axis=0)
    deviation = tf.reduce_mean(tf.sqrt(variance + 1e-8), axis=(1, 2, 3))
    channel = tf.broadcast_to(tf.reshape(tf.tile(deviation, [size]), (-1, 1, 1, 1)),
                              (count, height, width, 1))
    return tf.concat([features, channel], axis=3)


def _binomial(features, stride):
    kernel = np.repeat(networks.BINOMIAL[:, :, None, None], networks.COLOURS, axis=2)
    return tf.nn.depthwise_conv2d(_reflect(features, 2), tf.cast(kernel, features.dtype),
                                  (1, stride, stride, 1), "VALID")


def _spread(features, axis):
    """A zero behind every pixel, along the rows (axis 1) or the columns (axis 2)."""
    shape = [-1, *features.shape[1:]]
    shape[axis] *= 2
    return tf.reshape(tf.stack([features, tf.zeros_like(features)], axis + 1), shape)


def _multiply(layer, weights, features):
    return tf.matmul(features, _kernel(layer, weights, features.dtype))


def _kernel(layer, weights, kind):
    ready = weights.get(f"{layer.name}/kernel")
    return tf.cast(_scaled(weights, layer.name, layer.gain) if ready is None else ready, kind)


def _scaled(weights, name, gain):
    weight = weights[f"{name}/weight"]
    return weight * networks.scale(weight.shape, gain)


def _activate(layer, weights, features):
    features = tf.nn.bias_add(features, tf.cast(weights[f"{layer.name}/bias"], features.dtype))
    if layer.activation == "leaky_relu":
        return _leaky_relu(features)
    return tf.tanh(features) if layer.activation == "tanh" else features


@tf.custom_gradient
def _leaky_relu(features):
    """Its gradient is told by the sign of what comes out, which is that of what goes in.

    So nobody asks for what goes in, and on a CPU convolution, bias and this are one step when
    training too, as are the gradients of bias and kernel: 4.6 of 58 ms an image at 128 pixels.
    A gradient of the gradient does not go through that sign: TensorFlow would take one of zeros back
    through all layers before.
    """
    activated = tf.nn.leaky_relu(features, _SLOPE)
    sign = tf.stop_gradient(activated)
    return activated, lambda gradient: tf.raw_ops.LeakyReluGrad(
        gradients=gradient, features=sign, alpha=_SLOPE)


def _reflect(features, pixels):
    """Pad by reflection, without repeating the edge pixel.

    As a choice of pixels, which takes less time than tf.pad: 1.1 of 15 ms an image at 128 pixels.
    """
    edges = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
    _, height, width, channels = features.shape
    places = np.pad(np.arange(height * width).reshape(height, width), pixels, mode="reflect")

    @tf.custom_gradient
    def pad(features):
        flat = tf.reshape(features, (-1, height * width, channels))
        chosen = tf.reshape(tf.gather(flat, places.ravel(), axis=1), (-1, *places.shape, channels))
        return chosen, lambda gradient: tf.raw_ops.MirrorPadGrad(
            input=gradient, paddings=edges, mode="REFLECT")
    return pad(features)
