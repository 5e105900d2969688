"""A residual block of the discriminator as one function of iDeep.

A function of Chainer for each of its steps, and for each gradient, took as long as the arithmetic at 32 pixels.
"""

import chainer
import numpy as np
from chainer.backends import intel64

from .links import HALVING, Normalise


def residual_block(x, links, activate, fixed):
    """relu (or not), convolution, relu, convolution; and the shortcut. The sides are halved if there is one.

    x: Variable (N, C, H, W). links: c1, c2 and, where the block halves, c_sc; each an SNConvolution2D.
    fixed: whether the gradient of x alone is wanted.
    """
    learnt = [parameter for link in links for parameter in (link.W, link.b)]
    if fixed:
        learnt = [parameter.array for parameter in learnt]
    return _ResidualBlock(links, activate).apply([x] + learnt)[0]


class _ResidualBlock(chainer.FunctionNode):

    def __init__(self, links, activate):
        halve = len(links) > 2
        self._c1, self._c2 = _Convolution(links[0]), _Convolution(links[1], halve)
        self._shortcut = _Convolution(links[2]) if halve else None
        self._activate = activate

    def forward(self, inputs):
        x = intel64.ideep.array(inputs[0])
        self._x = x
        self._first = relu(x) if self._activate else x
        self._second = relu(self._c1.forward(self._first))
        y = self._c2.forward(self._second)
        y += self._shortcut.forward(_pool(x)) if self._shortcut else x
        return y,

    def backward(self, indexes, gradients):
        gy, of_x, of_weights = intel64.ideep.array(gradients[0].array), 0 in indexes, 1 in indexes
        g = relu_gradient(self._second, self._c2.backward(gy, True, of_weights))
        g = self._c1.backward(g, of_x, of_weights)
        shortcut = self._shortcut.backward(gy, of_x, of_weights) if self._shortcut else gy
        if of_x:
            g = relu_gradient(self._first, g) if self._activate else g
            g += _pool_gradient(self._x, shortcut) if self._shortcut else gy
        found = [g] + self._c1.gradients + self._c2.gradients + (self._shortcut.gradients if self._shortcut else [])
        return [chainer.as_variable(found[index]) for index in indexes]


class _Convolution(object):
    """One whose weight is normalised, of iDeep's arrays. gradients: of its weight and bias, where they are asked for.

    link: an SNConvolution2D. halve: the mean over 2x2 pixels, as of `SNConvolution2D.halve`.
    """

    gradients = []

    def __init__(self, link, halve=False):
        self._link, self._shifts = link, HALVING if halve else None
        self._stride, self._pad = (2, 1) if halve else (1, link.pad[0])
        self._norm = Normalise(link.u)

    def forward(self, x):
        self._x = x
        kernel = self._norm.forward((self._link.W.array,))[0]
        if self._shifts is not None:
            kernel = kernel.reshape(-1, 9).dot(self._shifts).reshape(kernel.shape[:2] + (4, 4))
        if chainer.config.train:
            self._link.u[...] = self._norm.u
        self._kernel = intel64.ideep.array(kernel)
        side = x.shape[2] // self._stride
        return intel64.ideep.convolution2D.Forward(
            x, self._kernel, intel64.ideep.array(self._link.b.array),
            self._parameters((x.shape[0], kernel.shape[0], side, side)))  # len(x) would copy x

    def backward(self, gy, of_x, of_weights):
        """The gradient of x, or None if it is not asked for."""
        if of_weights:
            self.gradients = self._of_weights(gy)
        if not of_x:
            return None
        return intel64.ideep.convolution2D.BackwardData(self._kernel, gy, self._parameters(self._x.shape))

    def _of_weights(self, gy):
        kernel, bias = intel64.ideep.convolution2D.BackwardWeightsBias(
            self._x, gy, self._parameters(self._kernel.shape))
        shifted, weight = np.asarray(kernel), self._link.W.array
        if self._shifts is not None:
            shifted = shifted.reshape(-1, 16).dot(self._shifts.T)
        return [self._norm.backward((weight,), (shifted.reshape(weight.shape),))[0], np.asarray(bias)]

    def _parameters(self, out):
        return parameters(out, self._stride, self._pad)


def parameters(out, stride, pad):
    """What iDeep has to know of a convolution; out: shape of what it makes."""
    return intel64.ideep.convolution2DParam(out, 1, 1, stride, stride, pad, pad, pad, pad)


def relu(x):
    return intel64.ideep.relu.Forward(x)


def relu_gradient(y, gy):
    return intel64.ideep.relu.Backward(y, gy)


def _pool(x):
    """The mean over 2x2 pixels."""
    return intel64.ideep.pooling2D.Forward(x, _pooling(x.shape[:2] + (x.shape[2] // 2, x.shape[3] // 2)))[0]


def _pool_gradient(x, gy):
    return intel64.ideep.pooling2D.Backward(x, gy, None, _pooling(x.shape))


def _pooling(out):
    kind = intel64.ideep.pooling2DParam.pooling_avg_include_padding
    return intel64.ideep.pooling2DParam(out, 2, 2, 2, 2, 0, 0, 0, 0, kind)
