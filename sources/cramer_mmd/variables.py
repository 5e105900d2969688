"""The variables of the two networks: names and shapes, and the values training begins with. No PyTorch."""

import math

import numpy as np

_TRUNCATED_AT = 2.0  # standard deviations


def generator_shapes(resolution, width, latent_size):
    """{name: shape} of a generator for images of `resolution` pixels, in the order of the published graph."""
    side = resolution // 32
    shapes = {"g_h0_lin/Matrix": (latent_size, 16 * width * side * side), "g_h0_lin/bias": (16 * width * side * side,)}
    for number in (1, 2, 3, 4):
        into, out = 2 ** (5 - number) * width, 2 ** (4 - number) * width
        name = "g_res%d" % number
        shapes.update(_convolution(name, "Shortcut", 1, into, out, True))
        shapes.update({name + ".BN1.offset": (into,), name + ".BN1.scale": (into,)})
        shapes.update(_convolution(name, "Conv1", 3, into, out, False))
        shapes.update({name + ".BN2.offset": (out,), name + ".BN2.scale": (out,)})
        shapes.update(_convolution(name, "Conv2", 3, out, out, True))
    return {**shapes, "g_h4.offset": (width,), "g_h4.scale": (width,), "g_h5/w": (5, 5, 3, width), "g_h5/biases": (3,)}


def discriminator_shapes(resolution, width, features):
    """{name: shape} of a discriminator."""
    shapes, into = {}, 3
    for number in range(5):
        out = 2 ** number * width
        shapes.update({"d_h%d_conv/w" % number: (5, 5, into, out), "d_h%d_conv/biases" % number: (out,)})
        into = out
    flat = into * (resolution // 32) ** 2
    return {**shapes, "d_h6_lin/Matrix": (flat, features), "d_h6_lin/bias": (features,)}


def initial(shapes, random, gain=1.0):
    """{name: float32 array}: the values training begins with, drawn from the RandomState `random`.

    gain: factor on the weights of a discriminator's convolutions.
    """
    return {name: (_initial(name, shape, random) * (gain if name.endswith("_conv/w") else 1)).astype(np.float32)
            for name, shape in shapes.items()}


def _convolution(block, layer, kernel, into, out, biased):
    name = "%s.%s/%s.%s" % (block, layer, block, layer)
    shapes = {name + ".Filters": (kernel, kernel, into, out)}
    return {**shapes, name + ".Biases": (out,)} if biased else shapes


def _initial(name, shape, random):
    if name.endswith("/Matrix"):
        return random.normal(0, 0.01, shape)
    if name == "g_h5/w":
        return random.normal(0, 0.02, shape)
    if name.endswith("/w"):
        return 0.02 * _truncated_normal(shape, random)
    if name.endswith(".Filters"):
        kernel, _, into, out = shape
        gain = 2.0 if kernel == 1 else 4.0
        limit = math.sqrt(3 * gain / (kernel * kernel * (into + out)))
        return random.uniform(-limit, limit, shape)
    return np.ones(shape) if name.endswith(".scale") else np.zeros(shape)


def _truncated_normal(shape, random):
    """Normal values, drawn again while they lie further than two standard deviations from 0."""
    values = random.standard_normal(shape)
    while (outside := np.abs(values) > _TRUNCATED_AT).any():
        values[outside] = random.standard_normal(np.count_nonzero(outside))
    return values
