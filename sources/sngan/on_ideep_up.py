"""The generator's blocks, and its last layer, each as one function of iDeep.

With a function of Chainer for each of their steps, a step of the generator took a fifth longer at 32 pixels.
"""

import chainer
import numpy as np
from chainer.backends import intel64

from .links import SHIFTS, NormaliseBatch
from .on_ideep import parameters, relu, relu_gradient

_FEWEST = 16  # channels that iDeep computes together; for fewer it has nothing fast


def up_block(x, block):
    """All steps of an UpBlock of one category, in one function. x: Variable (N, C, H, W). block: the UpBlock."""
    with chainer.no_backprop_mode():
        kernels = block.kernels or [kernel.array for kernel in block.make_kernels()]
    convolutions = (block.c1.W, block.c2.W, block.c2.b, block.c_sc.W, block.c_sc.b)
    scales = block.b1.gamma_and_beta() + block.b2.gamma_and_beta()
    return _UpBlock(block, kernels).apply((x,) + convolutions + scales)[0]


def to_colours(x, convolution):
    """tanh of a 3x3 convolution to few channels, computed as if there were as many as iDeep is fast with."""
    return _Colours().apply((x, convolution.W, convolution.b))[0]


class _UpBlock(chainer.FunctionNode):

    def __init__(self, block, kernels):
        self._b1, self._b2 = _Normalised(block.b1, None), _Normalised(block.b2, block.c1.b)
        self._inner, self._shortcut = _Transposed(kernels[0], 1), _Transposed(kernels[1], 0)

    def forward(self, inputs):
        x, (_, weight, bias, _, of_shortcut) = intel64.ideep.array(inputs[0]), inputs[1:6]
        self._first = relu(self._b1.forward(x, *inputs[6:8]))
        self._second = relu(self._b2.forward(self._inner.forward(self._first), *inputs[8:]))
        self._weight = intel64.ideep.array(weight)
        shape = (x.shape[0], weight.shape[0], 2 * x.shape[2], 2 * x.shape[3])
        y = intel64.ideep.convolution2D.Forward(
            self._second, self._weight, intel64.ideep.array(bias + of_shortcut), parameters(shape, 1, 1))
        y += self._shortcut.forward(x)
        return y,

    def backward(self, indexes, gradients):
        gy = intel64.ideep.array(gradients[0].array)
        of_weight, of_bias = (np.asarray(array) for array in intel64.ideep.convolution2D.BackwardWeightsBias(
            self._second, gy, parameters(self._weight.shape, 1, 1)))
        g = intel64.ideep.convolution2D.BackwardData(self._weight, gy, parameters(self._second.shape, 1, 1))
        g, of_b2 = self._b2.backward(relu_gradient(self._second, g))
        g, of_inner = self._inner.backward(g)
        g, of_b1 = self._b1.backward(relu_gradient(self._first, g))
        of_x, of_shortcut = self._shortcut.backward(gy)
        g += of_x
        found = [g, _single_3x3(of_inner), of_weight, of_bias, _single_1x1(of_shortcut), of_bias] + of_b1 + of_b2
        return [chainer.as_variable(found[index]) for index in indexes]


class _Normalised(object):
    """A batch normalisation of iDeep's arrays; gamma and beta may be (1, C)."""

    def __init__(self, link, bias):
        self._function = NormaliseBatch(link, bias)

    def forward(self, x, gamma, beta):
        self._shape = gamma.shape
        self._inputs = (x, gamma.reshape(-1), beta.reshape(-1))
        return self._function.forward(self._inputs)[0]

    def backward(self, gy):
        """The gradient of x, and those of gamma and beta."""
        found = self._function.backward(self._inputs, (gy,))
        return found[0], [np.asarray(gradient).reshape(self._shape) for gradient in found[1:]]


class _Transposed(object):
    """A transposed convolution of iDeep's arrays that doubles the side. kernel: (in, out, side, side)."""

    def __init__(self, kernel, pad):
        self._kernel, self._pad = intel64.ideep.array(kernel), pad

    def forward(self, x):
        self._x = x
        shape = (x.shape[0], self._kernel.shape[1], 2 * x.shape[2], 2 * x.shape[3])
        return intel64.ideep.convolution2D.BackwardData(self._kernel, x, parameters(shape, 2, self._pad))

    def backward(self, gy):
        """The gradients of x and of the kernel, the second as one of NumPy."""
        of_kernel = intel64.ideep.convolution2D.BackwardWeights(
            gy, self._x, parameters(self._kernel.shape, 2, self._pad))
        of_x = intel64.ideep.convolution2D.Forward(
            gy, self._kernel, None, parameters(self._x.shape, 2, self._pad))
        return of_x, np.asarray(of_kernel)


def _single_3x3(gradient):
    """Of the kernel that `doubled_3x3` made, (in, out, 4, 4), as that of its weight, (out, in, 3, 3)."""
    into, out = gradient.shape[:2]
    return gradient.reshape(-1, 16).dot(SHIFTS.T).reshape(into, out, 3, 3).transpose(1, 0, 2, 3)


def _single_1x1(gradient):
    """Of the kernel that `doubled_1x1` made, (in, out, 2, 2), as that of its weight, (out, in, 1, 1)."""
    return gradient.sum(axis=(2, 3), keepdims=True).transpose(1, 0, 2, 3)


class _Colours(chainer.FunctionNode):

    def forward(self, inputs):
        x, weight, bias = inputs
        self._colours, spare = len(weight), (0, max(_FEWEST - len(weight), 0))
        self._x = intel64.ideep.array(x)
        self._weight = intel64.ideep.array(np.pad(weight, (spare, (0, 0), (0, 0), (0, 0)), "constant"))
        shape = (x.shape[0], self._weight.shape[0]) + x.shape[2:]
        y = intel64.ideep.convolution2D.Forward(
            self._x, self._weight, intel64.ideep.array(np.pad(bias, spare, "constant")), parameters(shape, 1, 1))
        self._y = np.tanh(np.asarray(y)[:, :self._colours])
        return self._y,

    def backward(self, indexes, gradients):
        y = self._y
        gy = np.zeros((len(y), self._weight.shape[0]) + y.shape[2:], np.float32)
        gy[:, :self._colours] = np.asarray(gradients[0].array) * (1 - y * y)
        gy = intel64.ideep.array(gy)
        weight, bias = (np.asarray(array)[:self._colours] for array in intel64.ideep.convolution2D.BackwardWeightsBias(
            self._x, gy, parameters(self._weight.shape, 1, 1)))
        found = [intel64.ideep.convolution2D.BackwardData(self._weight, gy, parameters(self._x.shape, 1, 1)),
                 weight, bias]
        return [chainer.as_variable(found[index]) for index in indexes]
