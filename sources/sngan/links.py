"""Spectral normalisation (Miyato et al. 2018) and conditional batch normalisation, as Chainer links.

A spectrally normalised weight is W / sigma, sigma an estimate of the largest singular value of W as a matrix
(out, the rest). Every forward does one step of power iteration from the persistent vector u.
"""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import initializers
from chainer.backends import cuda

_EPSILON = 1e-12
_BATCH_EPSILON = 2e-5
_DECAY = 0.9


def normalise(weight, u):
    """(W / sigma, the next u) of a weight, a Variable, and its vector u, (1, out). Section 2.1, equations (14), (15).

    u and v count as constants; sigma is differentiated with respect to W.
    """
    matrix = F.reshape(weight, (weight.shape[0], -1))
    v = _unit(u.dot(matrix.array))
    u = _unit(v.dot(matrix.array.T))
    sigma = F.sum(F.matmul(u, matrix) * v)
    return weight / F.broadcast_to(sigma, weight.shape), u


def _unit(vector):
    xp = cuda.get_array_module(vector)
    return vector / (xp.sqrt((vector * vector).sum()) + vector.dtype.type(_EPSILON))


def _random_vector(length):
    return np.random.normal(size=(1, length)).astype(np.float32)


class SNConvolution2D(L.Convolution2D):
    """A convolution of stride 1 whose weight is spectrally normalised. u moves in training only."""

    def __init__(self, in_channels, out_channels, ksize, pad, initialW):
        super(SNConvolution2D, self).__init__(in_channels, out_channels, ksize, pad=pad, initialW=initialW)
        self.u = _random_vector(out_channels)
        self.register_persistent("u")

    def forward(self, x):
        weight, u = normalise(self.W, self.u)
        if chainer.config.train:
            self.u[...] = u
        return F.convolution_2d(x, weight, self.b, 1, self.pad)


class SNLinear(L.Linear):
    """A dense layer whose weight is spectrally normalised. u moves whenever it is used."""

    def __init__(self, in_size, out_size, initialW):
        super(SNLinear, self).__init__(in_size, out_size, initialW=initialW)
        self.u = _random_vector(out_size)
        self.register_persistent("u")

    def forward(self, x):
        weight, u = normalise(self.W, self.u)
        self.u[...] = u
        return F.linear(x, weight, self.b)


class SNEmbedID(L.EmbedID):
    """An embedding whose weight is spectrally normalised. u moves whenever it is used."""

    def __init__(self, in_size, out_size, initialW):
        super(SNEmbedID, self).__init__(in_size, out_size, initialW=initialW)
        self.u = _random_vector(in_size)
        self.register_persistent("u")

    def forward(self, x):
        weight, u = normalise(self.W, self.u)
        self.u[...] = u
        return F.embed_id(x, weight)


class ConditionalBatchNormalization(chainer.Chain):
    """Batch normalisation with a gamma and a beta for every category; the running statistics are shared."""

    def __init__(self, channels, classes):
        super(ConditionalBatchNormalization, self).__init__()
        self.avg_mean = np.zeros(channels, np.float32)
        self.avg_var = np.zeros(channels, np.float32)
        self.N = 0
        for name in ("avg_mean", "avg_var", "N"):
            self.register_persistent(name)
        with self.init_scope():
            self.gammas = L.EmbedID(classes, channels, initialW=initializers.One())
            self.betas = L.EmbedID(classes, channels, initialW=initializers.Zero())

    def forward(self, x, y):
        """x: (N, C, H, W). y: (N,) categories, or None where there is only one."""
        if y is None:  # one category: an ordinary batch normalisation, in one function
            return self._normalise(x, F.flatten(self.gammas.W), F.flatten(self.betas.W))
        xp = cuda.get_array_module(x.array)
        channels = x.shape[1]
        plain = self._normalise(x, xp.ones(channels, xp.float32), xp.zeros(channels, xp.float32))
        gamma, beta = (F.broadcast_to(table(y)[:, :, None, None], x.shape) for table in (self.gammas, self.betas))
        return gamma * plain + beta

    def _normalise(self, x, gamma, beta):
        if chainer.config.train:
            return F.batch_normalization(x, gamma, beta, eps=_BATCH_EPSILON, running_mean=self.avg_mean,
                                         running_var=self.avg_var, decay=_DECAY)
        return F.fixed_batch_normalization(x, gamma, beta, self.avg_mean, self.avg_var, eps=_BATCH_EPSILON)


class BatchNormalization(L.BatchNormalization):
    """The ordinary one, with the same call as the conditional one."""

    def __init__(self, channels):
        super(BatchNormalization, self).__init__(channels, decay=_DECAY, eps=_BATCH_EPSILON)

    def forward(self, x, y=None):
        return super(BatchNormalization, self).forward(x)


def batch_normalization(channels, classes):
    """The batch normalisation for so many categories; 0: the ordinary one."""
    return ConditionalBatchNormalization(channels, classes) if classes else BatchNormalization(channels)
