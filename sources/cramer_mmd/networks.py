"""The generator (g_resnet5) and the discriminator (a five-layer DCGAN one) as functions of named variables.

Variables have the names, shapes and layouts of the published checkpoints: convolutions (kh, kw, in, out), the
last, transposed one (kh, kw, out, in), dense layers (in, out). Images are NHWC in [0, 1]; inside, the axes are
NCHW and the memory NHWC ("channels last"), which is faster on processors and accelerators alike.
"""

import math

import torch
from torch.nn import functional

_EPSILON = 1.001e-5  # of batch normalisation: TensorFlow's fused kernel raises 1e-5 to this
_BLOCKS = (1, 2, 3, 4)
_LAYERS = (0, 1, 2, 3, 4)
_FEW = 8  # rows, padded: too few for oneDNN


def tensor(name, array, device):
    """A variable: of its published shape, with the memory of a convolution's weight in the order of reading.

    That is (out, kh, kw, in). In the published order every convolution would bring its weight into
    this one first, which took as long as the convolution itself where there are 256 channels and more.
    """
    value = torch.from_numpy(array).to(device)
    if value.dim() != 4 or "Conv1." in name:  # those are added up before they are used
        return value
    return value.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last).permute(2, 3, 1, 0)


def generator(variables, latents):
    """Images (N, R, R, 3) in [0, 1] of latents (N, Z). Batch normalisation uses this very batch, always."""
    weight = variables["g_h0_lin/Matrix"]
    last = variables["g_h5/w"]
    channels = 16 * last.shape[3]
    side = math.isqrt(weight.shape[1] // channels)
    hidden = (latents @ weight + variables["g_h0_lin/bias"]).view(-1, channels, side, side)
    hidden = hidden.contiguous(memory_format=torch.channels_last)
    for number in _BLOCKS:
        hidden = _block(variables, "g_res%d" % number, hidden)
    hidden = functional.relu_(_normalise(variables, "g_h4", hidden))
    return torch.sigmoid(_double_to_colours(hidden, last) + variables["g_h5/biases"])


def discriminator(variables, images):
    """What the discriminator makes of images (N, R, R, 3): the outputs of its six layers, the features (N, F) last."""
    hidden = images.permute(0, 3, 1, 2)
    layers = []
    for number in _LAYERS:
        name = "d_h%d_conv" % number
        # TensorFlow's "same" for an even side and stride 2: one row and column before, two after.
        hidden = functional.pad(hidden, (1, 2, 1, 2))
        convolve = _convolve_few if hidden.shape[2] < _FEW else _convolve
        hidden = functional.leaky_relu(convolve(hidden, variables[name + "/w"], variables[name + "/biases"], 2), 0.2)
        layers.append(hidden)
    flat = hidden.permute(0, 2, 3, 1).flatten(1)
    return [*layers, flat @ variables["d_h6_lin/Matrix"] + variables["d_h6_lin/bias"]]


def _block(variables, name, hidden):
    """A residual block that doubles the side and halves the channels."""
    shortcut = _upscale(_convolve(hidden, _filters(variables, name, "Shortcut"), _biases(variables, name, "Shortcut")))
    hidden = functional.relu_(_normalise(variables, name + ".BN1", hidden))
    hidden = _upscale_convolve(hidden, _filters(variables, name, "Conv1"))
    hidden = functional.relu_(_normalise(variables, name + ".BN2", hidden))
    return shortcut + _convolve(hidden, _filters(variables, name, "Conv2"), _biases(variables, name, "Conv2"))


def _filters(variables, block, layer):
    return variables["%s.%s/%s.%s.Filters" % (block, layer, block, layer)]


def _biases(variables, block, layer):
    return variables["%s.%s/%s.%s.Biases" % (block, layer, block, layer)]


def _convolve(hidden, weight, bias, stride=1):
    """A convolution with a weight (kh, kw, in, out); as wide as its input at stride 1, unpadded at stride 2."""
    padding = weight.shape[0] // 2 if stride == 1 else 0
    return functional.conv2d(hidden, weight.permute(3, 2, 0, 1), bias, stride, padding)


def _convolve_few(hidden, weight, bias, stride):
    """The same, unpadded, as one product of matrices: what is under the weight at each place, and the weight.

    With 2x2 places, oneDNN's convolutions and their gradients take twice as long and more.
    """
    side = weight.shape[0]
    starts = range(0, hidden.shape[2] - side + 1, stride)
    maps = hidden.permute(0, 2, 3, 1)
    patches = torch.stack([maps[:, y:y + side, x:x + side] for y in starts for x in starts], 1)
    product = torch.addmm(bias, patches.view(-1, weight[..., 0].numel()), weight.reshape(-1, weight.shape[3]))
    return product.view(len(hidden), len(starts), len(starts), -1).permute(0, 3, 1, 2)


def _upscale_convolve(hidden, weight):
    """`_convolve(_upscale(hidden), weight)` of a 3x3 weight, as one transposed convolution with a 4x4 kernel.

    The nine pixels under the weight are only four before they are doubled: the weights of one pixel
    are added first, which leaves 4 products of 9. Generation at 128 pixels: 1.5 times as fast.
    """
    rows = weight.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])  # what each of 4 adds
    kernel = (torch.kron(rows, rows) @ weight.reshape(9, -1)).view(4, 4, *weight.shape[2:])
    return functional.conv_transpose2d(hidden, kernel.permute(2, 3, 0, 1), stride=2, padding=1)


def _double_to_colours(hidden, weight):
    """Images (N, 2H, 2W, colours) of hidden (N, C, H, W): a transposed 5x5 convolution, stride 2, TensorFlow's "same".

    Weight (5, 5, colours, C). As a 3x3 convolution to four pixels at once, which are then put in their places:
    oneDNN's transposed convolution to three colours takes twice as long.
    """
    colours, channels = weight.shape[2:]
    kernel = functional.pad(weight, (0, 0, 0, 0, 1, 0, 1, 0)).reshape(3, 2, 3, 2, colours, channels).flip(0, 2)
    kernel = kernel.permute(1, 3, 4, 5, 0, 2).reshape(4 * colours, channels, 3, 3)
    four = functional.conv2d(hidden, kernel.contiguous(memory_format=torch.channels_last), padding=1)
    count, _, height, width = four.shape
    four = four.permute(0, 2, 3, 1).reshape(count, height, width, 2, 2, colours).transpose(2, 3)
    return four.reshape(count, 2 * height, 2 * width, colours)


def _normalise(variables, name, hidden):
    return functional.batch_norm(hidden, None, None, variables[name + ".scale"], variables[name + ".offset"],
                                 training=True, eps=_EPSILON)


def _upscale(hidden):
    """Every pixel four times. Written as a view, whose gradient adds in the same order every time."""
    count, channels, height, width = hidden.shape
    wide = hidden.permute(0, 2, 3, 1)[:, :, None, :, None].expand(count, height, 2, width, 2, channels)
    return wide.reshape(count, 2 * height, 2 * width, channels).permute(0, 3, 1, 2)
