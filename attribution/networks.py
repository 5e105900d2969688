"""The published networks as lists of layers: C_patch, the classifier; EG and its critic D_patch.

A list says what is there; layers.py computes it. Names and shapes of variables are those of the
published files.
"""

import math
from typing import NamedTuple

import numpy as np

from sources.contract.errors import BadInput

COLOURS = 3
BINOMIAL = np.outer((1, 4, 6, 4, 1), (1, 4, 6, 4, 1)).astype(np.float32) / 256
_MBSTD_GROUP = 4  # images


class Conv(NamedTuple):
    """Convolution with bias, size kept; 3x3 is padded by reflection.

    Weight (kernel, kernel, inputs, outputs).
    """

    name: str
    kernel: int
    inputs: int
    outputs: int
    gain: float = math.sqrt(2)
    activation: str = "leaky_relu"

    def variables(self):
        return {"weight": (self.kernel, self.kernel, self.inputs, self.outputs),
                "bias": (self.outputs,)}


class Dense(NamedTuple):
    """Fully connected layer with bias on features in C, H, W order. Weight (inputs, outputs)."""

    name: str
    inputs: int
    outputs: int
    gain: float = math.sqrt(2)
    activation: str = "leaky_relu"

    def variables(self):
        return {"weight": (self.inputs, self.outputs), "bias": (self.outputs,)}


class DenseTo4x4(NamedTuple):
    """Fully connected to (outputs, 4, 4), one bias per channel. Weight (inputs, outputs * 16)."""

    name: str
    inputs: int
    outputs: int
    gain: float = math.sqrt(2) / 4
    activation: str = "leaky_relu"

    def variables(self):
        return {"weight": (self.inputs, self.outputs * 16), "bias": (self.outputs,)}


class Average(NamedTuple):
    """2x2 average."""


class Binomial(NamedTuple):
    """5x5 binomial filter (1 4 6 4 1), padded by reflection, every second pixel."""


class Residual(NamedTuple):
    """What Binomial takes away: x - up(down(x)), one band of a Laplacian pyramid.

    Burt and Adelson 1983. down: Binomial. up: zeros behind every pixel, to the right and below,
    then the same filter, four times as strong.
    """


class Upscale(NamedTuple):
    """Nearest neighbour, twice the size."""


class MinibatchStddev(NamedTuple):
    """One more channel: the mean deviation within groups of images."""

    group: int = _MBSTD_GROUP


def variables(layers):
    """{name: shape} of the variables of `layers`, in their published order."""
    return {f"{layer.name}/{part}": shape for layer in layers if hasattr(layer, "variables")
            for part, shape in layer.variables().items()}


def scale(shape, gain):
    """What a weight of this shape is multiplied by: gain / sqrt(inputs of one output)."""
    return np.float32(gain / math.sqrt(math.prod(shape[:-1])))


def classifier(settings, resolution, labels):
    """C_patch: images (N, R, R, 3) to logits, (N, labels), with latent_res n (N, n, n, labels).

    With latent_res n each of the n x n places sees a patch; their average counts.
    """
    last = latent_size(settings)
    layers, channels = _encoder(settings, resolution, "")
    width = width_at(settings, last)
    hidden = settings.head_width or max(width, labels)
    head = f"{last}x{last}"
    layers.append(Conv(f"{head}/Conv0", 3, channels, width))
    if settings.latent_res == -1:
        return layers + [Dense(f"{head}/Dense1", width * 16, hidden),
                         Dense(f"{head}/Dense2", hidden, labels, 1, "linear")]
    return layers + [Conv(f"{head}/Conv1", 1, width, hidden),
                     Conv(f"{head}/Conv2", 1, hidden, labels, 1, "linear")]


def autoencoder(settings, resolution):
    """EG before the logits: images (N, R, R, 3) to reconstructions (N, R, R, 3) in (-1, 1)."""
    last = latent_size(settings)
    layers, channels = _encoder(settings, resolution, "E_")
    width = width_at(settings, last)
    code = settings.code_width or width
    layers.append(Conv(f"E_{last}x{last}/Conv0", 3, channels, width))
    if settings.latent_res == -1:
        layers += [Dense("E_4x4/Dense1", width * 16, code), DenseTo4x4("G_4x4/Dense0", code, width)]
    else:
        layers += [Conv(f"E_{last}x{last}/Conv1", 3, width, code),
                   Conv(f"G_{last}x{last}/Conv0", 3, code, width)]
    layers.append(Conv(f"G_{last}x{last}/Conv1", 3, width, width))
    while last < resolution:
        last, channels = last * 2, width
        width = width_at(settings, last)
        layers += [Upscale(), Conv(f"G_{last}x{last}/Conv0", 3, channels, width),
                   Conv(f"G_{last}x{last}/Conv1", 3, width, width)]
    return layers + [Conv(f"G_{last}x{last}/Conv_toRGB", 3, width, COLOURS, activation="tanh")]


def visnet_variables(settings, resolution, labels):
    """{name: shape} of the variables of EG: its layers', and a fingerprint (R, R, 3) per label."""
    shape = (resolution, resolution, COLOURS, labels)
    return dict(variables(autoencoder(settings, resolution)), **{"Conv_fingerprints/weight": shape})


def critic(settings, resolution):
    """D_patch, as D_rec: images (N, R, R, 3), N a multiple of 4, or N < 4, to scores (N, 1)."""
    layers, channels = _encoder(settings._replace(mode="postpool", switching_res=4, latent_res=-1),
                                resolution, "")
    width, last_width = width_at(settings, 4), _features(settings, 0)
    return layers + [MinibatchStddev(), Conv("4x4/Conv0", 3, channels + 1, width),
                     Dense("4x4/Dense1", width * 16, last_width),
                     Dense("4x4/Dense2", last_width, 1, 1, "linear")]


def model_variables(settings, resolution, labels):
    """{name: shape} of everything that a model of settings.network holds."""
    if settings.network == "classifier":
        return variables(classifier(settings, resolution, labels))
    autoencoders = visnet_variables(settings, resolution, labels)
    parts = {"EG": autoencoders, "EGs": autoencoders,
             "D_rec": variables(critic(settings, resolution))}
    return {f"{part}/{name}": shape for part, shapes in parts.items()
            for name, shape in shapes.items()}


def in_use(description, weights):
    """{name: array} of the network that attributes, of the weights of the model so described.

    Of a visnet it is EGs, the moving average, as in the published program.
    """
    used = "EGs/" if description["architecture"] == "visnet" else ""
    return {name.removeprefix(used): array for name, array in weights.items()
            if name.startswith(used)}


def model_fingerprints(weights):
    """What a visnet compares the fingerprints of images with: float32 (R, R, 3, labels)."""
    weight = weights["Conv_fingerprints/weight"]
    return weight * scale(weight.shape, 1)


def latent_size(settings):
    """Pixels of the last feature map."""
    return 4 if settings.latent_res == -1 else settings.latent_res


def width_at(settings, size):
    """Channels of a layer at size x size pixels."""
    return _features(settings, size.bit_length() - 2)


def _encoder(settings, resolution, prefix):
    """The stages above the last feature map, and the channels they end with."""
    pools = settings.mode == "postpool"
    layers, size = ([], resolution) if pools else _filters(settings, resolution)
    channels = COLOURS
    while size > latent_size(settings):
        if not pools or size > settings.switching_res:
            inner, outer = width_at(settings, size), width_at(settings, size // 2)
            layers += [Conv(f"{prefix}{size}x{size}/Conv0", 3, channels, inner),
                       Conv(f"{prefix}{size}x{size}/Conv1", 3, inner, outer)]
            channels = outer
        layers.append(Average())
        size //= 2
    return layers, channels


def _filters(settings, resolution):
    """What is done to the image before any convolution, and the pixels that it leaves."""
    layers, size = [], resolution
    while size > max(settings.switching_res, latent_size(settings)):
        layers.append(Binomial())
        size //= 2
    return layers + [Residual()] * (settings.mode == "predownscale_residual"), size


def _features(settings, stage):
    """nf(stage): halves from stage to stage, truncated; stage 1 is 4x4."""
    features = min(settings.fmap_base // 2 ** stage, settings.fmap_max)
    if features < 1:
        raise BadInput(f"settings fmap_base {settings.fmap_base} and fmap_max {settings.fmap_max}: "
                       f"no channels are left at {2 ** (stage + 1)} pixels; make fmap_base "
                       f"{2 ** stage} or more, fmap_max 1 or more")
    return features
