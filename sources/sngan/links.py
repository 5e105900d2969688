"""Spectral normalisation (Miyato et al. 2018) and conditional batch normalisation, as Chainer links.

A spectrally normalised weight is W / sigma, sigma an estimate of the largest singular value of W as a matrix
(out, the rest). Every forward does one step of power iteration from the persistent vector u.
"""

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer import initializers
from chainer.backends import cuda, intel64

_EPSILON = 1e-12
_BATCH_EPSILON = 2e-5
_DECAY = 0.9
_ROWS = np.float32([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])  # what each row of a 4x4 kernel adds
SHIFTS = np.kron(_ROWS, _ROWS).T  # (9, 16): from 3x3 weights to 4x4 kernels of stride 2 that double the side
HALVING = SHIFTS[:, ::-1] / 4  # the same, to those that halve it


def normalise(weight, u):
    """(W / sigma, the next u) of a weight, a Variable, and its vector u, (1, out). Section 2.1, equations (14), (15).

    u and v count as constants; sigma is differentiated with respect to W.
    """
    function = Normalise(u)
    return function(weight), function.u


class Normalise(chainer.Function):
    """W -> W / sigma, in few passes over W: functions of Chainer for each step took a tenth of a training's time."""

    def __init__(self, u):
        self.u = u

    def forward(self, inputs):
        matrix = self._matrix(inputs[0])
        self._v = _unit(self.u.dot(matrix))
        product = self._v.dot(matrix.T)
        self.u = _unit(product)
        self._sigma = (self.u * product).sum()
        return (matrix / self._sigma).reshape(inputs[0].shape),

    def backward(self, inputs, gradients):
        """With g the gradient of W / sigma: (g - <g, W / sigma> u'v) / sigma."""
        matrix, gradient = self._matrix(inputs[0]), self._matrix(gradients[0])
        share = matrix.ravel().dot(gradient.ravel()) / self._sigma
        found = (share * self.u).T * self._v
        found -= gradient
        found /= -self._sigma
        return found.reshape(inputs[0].shape),

    @staticmethod
    def _matrix(array):
        """An array, of iDeep's too, as (out, the rest)."""
        array = array if isinstance(array, cuda.ndarray) else np.asarray(array)
        return array.reshape(len(array), -1)


def _unit(vector):
    xp = cuda.get_array_module(vector)
    return vector / (xp.sqrt(xp.vdot(vector, vector)) + vector.dtype.type(_EPSILON))


def _random_vector(length):
    return np.random.normal(size=(1, length)).astype(np.float32)


class SNConvolution2D(L.Convolution2D):
    """A convolution of stride 1 whose weight is spectrally normalised. u moves in training only."""

    def __init__(self, in_channels, out_channels, ksize, pad, initialW):
        super(SNConvolution2D, self).__init__(in_channels, out_channels, ksize, pad=pad, initialW=initialW)
        self.u = _random_vector(out_channels)
        self.register_persistent("u")

    def forward(self, x):
        return F.convolution_2d(x, self._normalised(), self.b, 1, self.pad)

    def halve(self, x):
        """The mean over 2x2 pixels of a 3x3 convolution, as one with a 4x4 kernel and stride 2.

        Four shifts of the weight are added first, which leaves 16 products of 36.
        """
        out, into = self.W.shape[:2]
        kernel = F.matmul(F.reshape(self._normalised(), (out * into, 9)), self.xp.asarray(HALVING))
        return F.convolution_2d(x, F.reshape(kernel, (out, into, 4, 4)), self.b, 2, 1)

    def _normalised(self):
        weight, u = normalise(self.W, self.u)
        if chainer.config.train:
            self.u[...] = u
        return weight


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

    def gamma_and_beta(self):
        """Of the only category, Variables (1, C)."""
        return self.gammas.W, self.betas.W

    def forward(self, x, y, bias=None):
        """x: (N, C, H, W). y: (N,) categories, or None where there is only one. bias: as of `_normalised`."""
        if y is None:  # one category: an ordinary batch normalisation, in one function
            gamma, beta = (F.flatten(variable) for variable in self.gamma_and_beta())
            return _normalised(self, x, gamma, beta, bias)
        xp = cuda.get_array_module(x.array)
        channels = x.shape[1]
        plain = _normalised(self, x, xp.ones(channels, xp.float32), xp.zeros(channels, xp.float32), bias)
        gamma, beta = (F.broadcast_to(table(y)[:, :, None, None], x.shape) for table in (self.gammas, self.betas))
        return gamma * plain + beta


class BatchNormalization(L.BatchNormalization):
    """The ordinary one, with the same calls as the conditional one."""

    def gamma_and_beta(self):
        """Variables (C,)."""
        return self.gamma, self.beta

    def forward(self, x, y=None, bias=None):
        return _normalised(self, x, self.gamma, self.beta, bias)


def _normalised(link, x, gamma, beta, bias):
    """Batch normalisation of x + bias. bias: (C,) that the layer before has kept to itself, or None.

    The mean of a batch takes it away again, so that only the running mean has to know it.
    """
    x = chainer.as_variable(x)
    if ready(x):
        return NormaliseBatch(link, bias)(x, gamma, beta)
    if chainer.config.train:
        y = _train(link, x, gamma, beta)
        if bias is not None:
            link.avg_mean += bias.array * (1 - _DECAY)
        return y
    mean = link.avg_mean if bias is None else link.avg_mean - bias.array
    return F.fixed_batch_normalization(x, gamma, beta, mean, link.avg_var, eps=_BATCH_EPSILON)


def ready(x):
    """Whether iDeep is to take this Variable."""
    return intel64.should_use_ideep(">=auto") and intel64.inputs_all_ready((x.array,))


def _train(link, x, gamma, beta):
    return F.batch_normalization(x, gamma, beta, eps=_BATCH_EPSILON, running_mean=link.avg_mean,
                                 running_var=link.avg_var, decay=_DECAY)


class NormaliseBatch(chainer.Function):
    """iDeep's batch normalisation of x + bias, with the running statistics of `link`, or in training the batch's.

    bias: as of `_normalised`: in training the running mean alone shows it. Gradients are those of training.
    Chainer's own asks iDeep's arrays for their type, which copies them into NumPy's order: that, and all
    that follows in this order, was a tenth of the time of training and of generation.
    """

    def __init__(self, link, bias):
        self._link, self._bias = link, 0 if bias is None else bias.array

    def forward(self, inputs):
        given = [None, None]
        if not chainer.config.train:
            given = [intel64.ideep.array(value) for value in (self._link.avg_mean - self._bias, self._link.avg_var)]
        found = intel64.ideep.batchNormalization.Forward(*(_arrays(inputs) + given + [_BATCH_EPSILON]))
        if chainer.config.train:
            self._mean, self._variance = found[1:3]
            self._move(inputs[0].size // inputs[1].size)
        return found[0],

    def backward(self, inputs, gradients):
        """Through the statistics of the batch too."""
        x, gamma, gy = _arrays(inputs[:2] + gradients)
        of_x, of_both = intel64.ideep.batchNormalization.Backward(
            x, gy, self._mean, self._variance, gamma, _BATCH_EPSILON)
        return of_x, of_both[0], of_both[1]

    def _move(self, count):
        """The running statistics; those of the batch are of `count` numbers."""
        mean, variance = np.asarray(self._mean) + self._bias, np.asarray(self._variance) * (count / (count - 1.0))
        for running, found in ((self._link.avg_mean, mean), (self._link.avg_var, variance)):
            running[...] = running * _DECAY + found * (1 - _DECAY)


def _arrays(inputs):
    return [intel64.ideep.array(array) for array in inputs]


def batch_normalization(channels, classes):
    """The batch normalisation for so many categories; 0: the ordinary one."""
    return ConditionalBatchNormalization(channels, classes) if classes else BatchNormalization(channels)
