"""The variables of the networks: their published names, shapes, first values and scales. No TensorFlow.

Names, as in the published checkpoints: `4x4/Dense/weight`, `8x8/Conv0_up/bias`, `ToRGB_lod0/weight`, ...
`lod`, a scalar, is the level of detail; the others are trained. Weights are (kh, kw, in, out), dense ones
(in, out), and those of `Conv0_up` (kh, kw, out, in).
"""

import math

import numpy as np

from .settings import latent_size, width

FUSED = ("Conv0_up", "Conv1_down")  # layers that change the resolution by themselves


def generator_shapes(network):
    """{name: shape} of the generator's variables, in the order of their creation."""
    shapes = {"lod": ()}
    wide = width(network, 1)
    _dense(shapes, "4x4/Dense", latent_size(network) + network.label_size, wide * 16, bias=wide)
    _conv(shapes, "4x4/Conv", 3, wide, wide)
    _conv(shapes, _to_rgb(network, 2), 1, wide, 3)
    for stage in range(3, stages(network) + 1):
        before, after = width(network, stage - 2), width(network, stage - 1)
        _conv(shapes, up_name(network, stage), 3, before, after, swapped=network.fused_scale)
        _conv(shapes, block_name(stage, "Conv1"), 3, after, after)
        _conv(shapes, _to_rgb(network, stage), 1, after, 3)
    return shapes


def discriminator_shapes(network):
    """{name: shape} of the discriminator's variables, in the order of their creation."""
    shapes = {"lod": ()}
    for stage in range(stages(network), 2, -1):
        wide, after = width(network, stage - 1), width(network, stage - 2)
        _conv(shapes, _from_rgb(network, stage), 1, 3, wide)
        _conv(shapes, block_name(stage, "Conv0"), 3, wide, wide)
        _conv(shapes, down_name(network, stage), 3, wide, after)
    wide = width(network, 1)
    _conv(shapes, _from_rgb(network, 2), 1, 3, wide)
    with_deviation = wide + (1 if network.mbstd_group_size > 1 else 0)
    _conv(shapes, "4x4/Conv", 3, with_deviation, wide)
    _dense(shapes, "4x4/Dense0", wide * 16, width(network, 0))
    _dense(shapes, "4x4/Dense1", width(network, 0), 1 + network.label_size)
    return shapes


def initial(shapes, use_wscale, random):
    """First values {name: float32 array}: weights from N(0, 1), scaled at once without `use_wscale`; else 0."""
    return {name: _initial(name, shape, use_wscale, random) for name, shape in shapes.items()}


def scale(name, shape):
    """What the stored weight `name` is multiplied by when it is used: He's constant (section 4.1), float32."""
    fan_in = shape[0] * shape[1] * shape[3] if "Conv0_up" in name else math.prod(shape[:-1])
    return np.float32(_gain(name) / math.sqrt(fan_in))


def stages(network):
    """log2 of the resolution: the stages go from 2, 4x4, to this one."""
    return network.resolution.bit_length() - 1


def up_name(network, stage):
    """The layer of the generator that doubles the resolution to 2^stage."""
    return block_name(stage, "Conv0_up" if network.fused_scale else "Conv0")


def down_name(network, stage):
    """The layer of the discriminator that halves the resolution 2^stage."""
    return block_name(stage, "Conv1_down" if network.fused_scale else "Conv1")


def block_name(stage, layer):
    """A layer at the resolution 2^stage."""
    return "%dx%d/%s" % (2 ** stage, 2 ** stage, layer)


def _to_rgb(network, stage):
    return "ToRGB_lod%d" % (stages(network) - stage)


def _from_rgb(network, stage):
    return "FromRGB_lod%d" % (stages(network) - stage)


def _dense(shapes, layer, inputs, outputs, bias=None):
    shapes[layer + "/weight"] = (inputs, outputs)
    shapes[layer + "/bias"] = (bias or outputs,)


def _conv(shapes, layer, kernel, inputs, outputs, swapped=False):
    shapes[layer + "/weight"] = (kernel, kernel) + ((outputs, inputs) if swapped else (inputs, outputs))
    shapes[layer + "/bias"] = (outputs,)


def _initial(name, shape, use_wscale, random):
    if not name.endswith("/weight"):
        return np.zeros(shape, np.float32)
    values = random.standard_normal(shape).astype(np.float32)
    return values if use_wscale else values * scale(name, shape)


def _gain(name):
    if name.startswith("ToRGB") or name == "4x4/Dense1/weight":
        return 1.0
    if name == "4x4/Dense/weight":
        return math.sqrt(2) / 4  # it feeds 16 pixels (published implementation)
    return math.sqrt(2)
