"""The ResNet generator and the projection discriminator of SNGAN (Miyato et al. 2018; Miyato and Koyama 2018).

Everything is NCHW float32; images are in [-1, 1]. The links have the names of the published snapshots.
"""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import initializers
from chainer.backends import cuda

from . import on_ideep, on_ideep_up, variables
from .links import SHIFTS, SNConvolution2D, SNEmbedID, SNLinear, batch_normalization, ready

_PLAIN = initializers.GlorotUniform(1.0)
_BEFORE_RELU = initializers.GlorotUniform(np.sqrt(2))


class Generator(chainer.Chain):
    """Latents (N, Z), and categories (N,) or None where there is only one -> images (N, 3, R, R) in (-1, 1)."""

    def __init__(self, size, width, latent_size, classes, bottom_width):
        super(Generator, self).__init__()
        self.bottom_width = bottom_width
        self._blocks = []
        channels = variables.TOP[size] * width
        with self.init_scope():
            self.l1 = L.Linear(latent_size, channels * bottom_width ** 2, initialW=_PLAIN)
            for number, factor in enumerate(variables.UP[size], 2):
                self._blocks.append("block%d" % number)
                setattr(self, self._blocks[-1], UpBlock(channels, factor * width, classes))
                channels = factor * width
            self._last = len(variables.UP[size]) + 2
            setattr(self, "b%d" % self._last, batch_normalization(width, 0))
            setattr(self, "l%d" % self._last, L.Convolution2D(width, 3, 3, pad=1, initialW=_PLAIN))

    def fix(self, fixed=True):
        """Make the kernels of the up blocks once, for as long as the weights do not change; else every call makes them.

        A tenth of the time of 16 images.
        """
        for name in self._blocks:
            made = [kernel.array.copy() for kernel in self[name].make_kernels()] if fixed else None
            self[name].kernels = made

    def forward(self, z, y=None):
        h = F.reshape(self.l1(z), (z.shape[0], -1, self.bottom_width, self.bottom_width))
        for name in self._blocks:
            h = self[name](h, y)
        h = F.relu(self["b%d" % self._last](h))
        last = self["l%d" % self._last]
        return on_ideep_up.to_colours(h, last) if ready(h) else F.tanh(last(h))


class UpBlock(chainer.Chain):
    """A residual block that doubles the side. Convolutions of what is doubled are transposed ones of stride 2."""

    kernels = None  # of these convolutions, while the weights are fixed

    def __init__(self, into, out, classes):
        super(UpBlock, self).__init__()
        with self.init_scope():
            self.c1 = L.Convolution2D(into, out, 3, pad=1, initialW=_BEFORE_RELU)
            self.c2 = L.Convolution2D(out, out, 3, pad=1, initialW=_BEFORE_RELU)
            self.c_sc = L.Convolution2D(into, out, 1, initialW=_PLAIN)
            self.b1 = batch_normalization(into, classes)
            self.b2 = batch_normalization(out, classes)

    def forward(self, x, y):
        if y is None and ready(x):
            return on_ideep_up.up_block(x, self)
        inner, shortcut = self.kernels or self.make_kernels()
        h = F.deconvolution_2d(F.relu(self.b1(x, y)), inner, None, 2, 1)
        h = F.relu(self.b2(h, y, self.c1.b))
        h = F.convolution_2d(h, self.c2.W, self.c2.b + self.c_sc.b, 1, 1)
        return h + F.deconvolution_2d(x, shortcut, None, 2)

    def make_kernels(self):
        """Those of c1, (in, out, 4, 4), and of the shortcut, (in, out, 2, 2), as Variables."""
        return doubled_3x3(self.c1.W), doubled_1x1(self.c_sc.W)


class Discriminator(chainer.Chain):
    """Images (N, 3, R, R) -> scores (N, 1). With categories (N,), the projection of their embedding is added."""

    def __init__(self, size, width, classes):
        super(Discriminator, self).__init__()
        self._blocks = []
        into = 3
        with self.init_scope():
            for number, factor in enumerate(variables.DOWN[size], 1):
                self._blocks.append("block%d" % number)
                kind = FirstBlock if number == 1 else DownBlock
                setattr(self, self._blocks[-1], kind(into, factor * width))
                into = factor * width
            self._last = "l%d" % (len(variables.DOWN[size]) + 1)
            setattr(self, self._last, SNLinear(into, 1, initialW=_PLAIN))
            if classes:
                self.l_y = SNEmbedID(classes, into, initialW=_PLAIN)

    def fix(self, fixed=True):
        """Leave out the gradients of the blocks' weights, where iDeep computes. The generator's step needs none."""
        for name in self._blocks:
            self[name].fixed = fixed

    def forward(self, x, y=None):
        h = x
        for name in self._blocks:
            h = self[name](h)
        h = F.sum(F.relu(h), axis=(2, 3))
        score = self[self._last](h)
        return score if y is None else score + F.sum(self.l_y(y) * h, axis=1, keepdims=True)


class FirstBlock(chainer.Chain):
    """The residual block that takes the image; it halves the side. No activation before its first layer."""

    fixed = False  # whether its weights are

    def __init__(self, into, out):
        super(FirstBlock, self).__init__()
        with self.init_scope():
            self.c1 = SNConvolution2D(into, out, 3, 1, _BEFORE_RELU)
            self.c2 = SNConvolution2D(out, out, 3, 1, _BEFORE_RELU)
            self.c_sc = SNConvolution2D(into, out, 1, 0, _PLAIN)

    def forward(self, x):
        x = chainer.as_variable(x)
        if ready(x):
            return on_ideep.residual_block(x, (self.c1, self.c2, self.c_sc), False, self.fixed)
        return self.c2.halve(F.relu(self.c1(x))) + self.c_sc(_downsample(x))


class DownBlock(chainer.Chain):
    """A residual block that halves the side and changes the width; or, of the same width, one that keeps both."""

    fixed = False  # whether its weights are

    def __init__(self, into, out):
        super(DownBlock, self).__init__()
        self._changes = into != out
        with self.init_scope():
            self.c1 = SNConvolution2D(into, into, 3, 1, _BEFORE_RELU)
            self.c2 = SNConvolution2D(into, out, 3, 1, _BEFORE_RELU)
            if self._changes:
                self.c_sc = SNConvolution2D(into, out, 1, 0, _PLAIN)

    def forward(self, x):
        if ready(x):
            links = (self.c1, self.c2, self.c_sc) if self._changes else (self.c1, self.c2)
            return on_ideep.residual_block(x, links, True, self.fixed)
        h = F.relu(self.c1(F.relu(x)))
        return self.c2.halve(h) + self.c_sc(_downsample(x)) if self._changes else self.c2(h) + x


def doubled_3x3(weight):
    """The kernel of the transposed convolution of x that is a 3x3 convolution of x with every pixel four times.

    The nine pixels under the weight are only four before they are doubled: the weights of one pixel
    are added first, which leaves 4 products of 9. The layer takes half the time at 64 pixels.
    """
    xp = cuda.get_array_module(weight.array)
    out, into = weight.shape[:2]
    kernel = F.matmul(F.reshape(F.transpose(weight, (1, 0, 2, 3)), (into * out, 9)), xp.asarray(SHIFTS))
    return F.reshape(kernel, (into, out, 4, 4))


def doubled_1x1(weight):
    """The same of a 1x1 convolution. It keeps iDeep's order of channels, which showing pixels again does not."""
    out, into = weight.shape[:2]
    return F.broadcast_to(F.transpose(weight, (1, 0, 2, 3)), (into, out, 2, 2))


def _downsample(x):
    return F.average_pooling_2d(x, 2)
