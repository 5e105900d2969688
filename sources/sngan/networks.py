"""The ResNet generator and the projection discriminator of SNGAN (Miyato et al. 2018; Miyato and Koyama 2018).

Everything is NCHW float32; images are in [-1, 1]. The links have the names of the published snapshots.
"""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import initializers
from chainer.backends import cuda

from . import variables
from .links import SNConvolution2D, SNEmbedID, SNLinear, batch_normalization

_PLAIN = initializers.GlorotUniform(1.0)
_BEFORE_RELU = initializers.GlorotUniform(np.sqrt(2))
_ROWS = np.float32([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])  # what each row of a 4x4 kernel adds
_SHIFTS = np.kron(_ROWS, _ROWS).T  # (9, 16): from 3x3 weights to 4x4 kernels


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

    def forward(self, z, y=None):
        h = F.reshape(self.l1(z), (z.shape[0], -1, self.bottom_width, self.bottom_width))
        for name in self._blocks:
            h = self[name](h, y)
        h = F.relu(self["b%d" % self._last](h))
        return F.tanh(self["l%d" % self._last](h))


class UpBlock(chainer.Chain):
    """A residual block that doubles the side. The 1x1 convolution of the shortcut and the doubling commute."""

    def __init__(self, into, out, classes):
        super(UpBlock, self).__init__()
        with self.init_scope():
            self.c1 = L.Convolution2D(into, out, 3, pad=1, initialW=_BEFORE_RELU)
            self.c2 = L.Convolution2D(out, out, 3, pad=1, initialW=_BEFORE_RELU)
            self.c_sc = L.Convolution2D(into, out, 1, initialW=_PLAIN)
            self.b1 = batch_normalization(into, classes)
            self.b2 = batch_normalization(out, classes)

    def forward(self, x, y):
        h = _upsample_convolve(F.relu(self.b1(x, y)), self.c1)
        h = self.c2(F.relu(self.b2(h, y)))
        return h + _upsample(self.c_sc(x))


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

    def forward(self, x, y=None):
        h = x
        for name in self._blocks:
            h = self[name](h)
        h = F.sum(F.relu(h), axis=(2, 3))
        score = self[self._last](h)
        return score if y is None else score + F.sum(self.l_y(y) * h, axis=1, keepdims=True)


class FirstBlock(chainer.Chain):
    """The residual block that takes the image; it halves the side. No activation before its first layer."""

    def __init__(self, into, out):
        super(FirstBlock, self).__init__()
        with self.init_scope():
            self.c1 = SNConvolution2D(into, out, 3, 1, _BEFORE_RELU)
            self.c2 = SNConvolution2D(out, out, 3, 1, _BEFORE_RELU)
            self.c_sc = SNConvolution2D(into, out, 1, 0, _PLAIN)

    def forward(self, x):
        return _downsample(self.c2(F.relu(self.c1(x)))) + self.c_sc(_downsample(x))


class DownBlock(chainer.Chain):
    """A residual block that halves the side and changes the width; or, of the same width, one that keeps both."""

    def __init__(self, into, out):
        super(DownBlock, self).__init__()
        self._changes = into != out
        with self.init_scope():
            self.c1 = SNConvolution2D(into, into, 3, 1, _BEFORE_RELU)
            self.c2 = SNConvolution2D(into, out, 3, 1, _BEFORE_RELU)
            if self._changes:
                self.c_sc = SNConvolution2D(into, out, 1, 0, _PLAIN)

    def forward(self, x):
        h = self.c2(F.relu(self.c1(F.relu(x))))
        return _downsample(h) + _downsample(self.c_sc(x)) if self._changes else h + x


def _upsample_convolve(x, convolution):
    """`convolution(_upsample(x))` of a 3x3 convolution, as one transposed convolution with a 4x4 kernel.

    The nine pixels under the weight are only four before they are doubled: the weights of one pixel
    are added first, which leaves 4 products of 9. The layer takes half the time at 64 pixels.
    """
    xp = cuda.get_array_module(x.array)
    out, into = convolution.W.shape[:2]
    weight = F.reshape(F.transpose(convolution.W, (1, 0, 2, 3)), (into * out, 9))
    kernel = F.reshape(F.matmul(weight, xp.asarray(_SHIFTS)), (into, out, 4, 4))
    return F.deconvolution_2d(x, kernel, convolution.b, 2, 1)


def _upsample(x):
    """Every pixel four times."""
    count, channels, height, width = x.shape
    wide = F.broadcast_to(F.reshape(x, (count, channels, height, 1, width, 1)), (count, channels, height, 2, width, 2))
    return F.reshape(wide, (count, channels, 2 * height, 2 * width))


def _downsample(x):
    return F.average_pooling_2d(x, 2)
