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
_LEAK = 0.2  # the slope of the leaky ReLU below 0


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
        hidden = _halve(hidden, variables[name + "/w"], variables[name + "/biases"])
        hidden = functional.leaky_relu(hidden, _LEAK)
        layers.append(hidden)
    flat = hidden.permute(0, 2, 3, 1).flatten(1)
    return [*layers, flat @ variables["d_h6_lin/Matrix"] + variables["d_h6_lin/bias"]]


def image_gradient(variables, layers, gradient):
    """The gradient of images (N, R, R, 3) from that of their features (N, F): back through the discriminator.

    layers: what it made of the images. Autograd computes the same, but its gradients of gradients take longer: see
    docs/speed.md.
    """
    maps = layers[len(_LAYERS) - 1].permute(0, 2, 3, 1)
    gradient = (gradient @ variables["d_h6_lin/Matrix"].T).view(maps.shape).permute(0, 3, 1, 2)
    for number in reversed(_LAYERS):
        weight = variables["d_h%d_conv/w" % number]
        slopes = layers[number].detach().sign().clamp_(min=_LEAK)  # of the leaky ReLU: 1 or _LEAK
        double = _double if number else _double_to_colours
        gradient = double(gradient * slopes, weight)
    return gradient


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


def _convolve(hidden, weight, bias):
    """A convolution with a weight (kh, kw, in, out), as wide as its input."""
    return functional.conv2d(hidden, weight.permute(3, 2, 0, 1), bias, padding=weight.shape[0] // 2)


def _halve(hidden, weight, bias):
    """A convolution with a weight (5, 5, in, out) and stride 2, TensorFlow's "same" for an even side."""
    side = hidden.shape[2]
    if side == 2:
        product = torch.addmm(bias, hidden.permute(0, 2, 3, 1).flatten(1), _seen(weight))
        return product[:, :, None, None]
    hidden = functional.pad(hidden, (1, 2, 1, 2))  # one row and column before, two after
    if side == 4:
        return _convolve_few(hidden, weight, bias)
    return functional.conv2d(hidden, weight.permute(3, 2, 0, 1), bias, 2)


def _double(gradient, weight):
    """The gradient of what `_halve` was given, from that of what it returned."""
    count, _, side, _ = gradient.shape
    if side == 1:
        return (gradient.flatten(1) @ _seen(weight).T).view(count, 2, 2, -1).permute(0, 3, 1, 2)
    padded = functional.conv_transpose2d(gradient, weight.permute(3, 2, 0, 1), stride=2)
    return padded[:, :, 1:-2, 1:-2]


def _seen(weight):
    """What 2x2 pixels see of a weight (5, 5, in, out), all else lying on padding: (4 in, out)."""
    return weight[1:3, 1:3].reshape(-1, weight.shape[3])


def _convolve_few(hidden, weight, bias):
    """`_halve` of 4x4 pixels, padded, as a product of what is under the weight at each place with the weight.

    With 2x2 places, oneDNN's convolutions and their gradients take twice as long and more.
    """
    side = weight.shape[0]
    maps = hidden.permute(0, 2, 3, 1)
    patches = torch.stack([maps[:, y:y + side, x:x + side] for y in (0, 2) for x in (0, 2)], 1)
    product = torch.addmm(bias, patches.view(-1, weight[..., 0].numel()), weight.reshape(-1, weight.shape[3]))
    return product.view(len(hidden), 2, 2, -1).permute(0, 3, 1, 2)


def _upscale_convolve(hidden, weight):
    """`_convolve(_upscale(hidden), weight)` of a 3x3 weight, as one transposed convolution with a 4x4 kernel.

    The nine pixels under the weight are only four before they are doubled: the weights of one pixel
    are added first, which leaves 4 products of 9. Generation at 128 pixels: 1.5 times as fast.
    """
    rows = weight.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])  # what each of 4 adds
    if hidden.shape[2] == 1:
        return _one_to_four(hidden, _added(rows[1:3], weight))
    return functional.conv_transpose2d(hidden, _added(rows, weight).permute(2, 3, 0, 1), stride=2, padding=1)


def _added(rows, weight):
    """Sums of a 3x3 weight (3, 3, in, out), by `rows` (n, 3) in both directions: (n, n, in, out)."""
    return (torch.kron(rows, rows) @ weight.reshape(9, -1)).view(len(rows), len(rows), *weight.shape[2:])


def _one_to_four(hidden, kernel):
    """`_upscale_convolve` of one pixel: a product with each of four matrices, kernel (2, 2, in, out).

    The demo's takes 0.07 ms in place of 0.35, with gradients 0.3 in place of 1.4.
    """
    four = torch.matmul(hidden.flatten(1), kernel)  # (2, 2, N, out)
    return four.permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)


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
