"""The two critics. Both have the same methods, with the same arguments in the same order.

Features are (N, F), as the discriminator makes them of real images and of one or two batches of generated ones.
Pairs are pairs of rows; means are over the batch. Norms have 1e-5 inside the root.
"""

import torch

_EPSILON = 1e-5
_ALPHAS = (0.1, 1.0, 10.0)  # of the three rational quadratic kernels


class Cramer:
    """The energy distance of the Cramer GAN (Bellemare et al. 2017, section 4). It takes two batches of fakes."""

    fakes = 2

    @staticmethod
    def generator_loss(real, fakes):
        """E |f(x) - f(G)| + E |f(x) - f(G')| - E |f(G) - f(G')|: equation (8) there, with both fakes."""
        first, second = fakes
        return (_norm(first - real) + _norm(second - real) - _norm(first - second)).mean()

    @staticmethod
    def discriminator_loss(real, fakes):
        """Minus the difference of the critic's scores of real images and of the second batch of fakes."""
        first, second = fakes
        return (_surrogate(second, first) - _surrogate(real, first)).mean()

    @staticmethod
    def score(mixed, real, fakes):
        """(N,) scores of images between real and generated ones, whose gradient is penalised."""
        return _surrogate(mixed, fakes[0])


class MMD:
    """The squared maximum mean discrepancy of MMD-GAN (Binkowski et al. 2018), kernel mix_rq_1dot."""

    fakes = 1

    @staticmethod
    def generator_loss(real, fakes):
        """The estimate of MMD^2 between generated and real features (equation (4) there)."""
        return mmd2(fakes[0], real)

    @staticmethod
    def discriminator_loss(real, fakes):
        """Minus the same."""
        return -mmd2(fakes[0], real)

    @staticmethod
    def score(mixed, real, fakes):
        """(N,) values of the witness function, whose gradient is penalised."""
        return kernel(mixed, real).mean(1) - kernel(mixed, fakes[0]).mean(1)


CRITICS = {"cramergan": Cramer, "mmdgan": MMD}


def kernel(first, second):
    """(N, M): three rational quadratic kernels plus the dot product, of every row of `first` with each of `second`."""
    dot = first @ second.T
    squares = (first.square().sum(1)[:, None] + second.square().sum(1)[None, :] - 2 * dot).clamp(min=0)
    return sum((1 + squares / (2 * alpha)) ** -alpha for alpha in _ALPHAS) + dot


def mmd2(first, second):
    """The estimate of MMD^2 as the published code computes it.

    From the diagonal it takes away 1 for each quadratic, but not the squares that the dot product puts there: with
    this kernel the "unbiased" estimate keeps sum |f|^2 / (N (N - 1)).
    """
    return _without_diagonal(kernel(first, first)) + _without_diagonal(kernel(second, second)) \
        - 2 * kernel(first, second).mean()


def gradient_penalty(scores, mixed):
    """Mean of (norm - 1)^2, the norms of d(sum of scores) / d(mixed images) taken over the image's HEIGHT alone.

    mixed: (N, H, W, 3) images that `scores` depends on. Differentiable itself. The published code means the whole
    image (Gulrajani et al. 2017), and says axis 1.
    """
    return (column_norms(scores, mixed) - 1).square().mean()


def column_norms(scores, mixed):
    """(N, W, 3) norms of the gradient of `scores` over the height of `mixed`."""
    gradient, = torch.autograd.grad(scores.sum(), mixed, create_graph=True)
    return torch.sqrt(gradient.square().sum(1) + _EPSILON)


def mean_squares(layers):
    """Mean over the batch of the sum over layers of the mean square of a layer's outputs."""
    return sum(layer.square().flatten(1).mean(1) for layer in layers).mean()


def _norm(features):
    return torch.sqrt(features.square().sum(1) + _EPSILON)


def _surrogate(features, fake):
    return _norm(features - fake) - _norm(features)


def _without_diagonal(matrix):
    count = len(matrix)
    return (matrix.sum() - len(_ALPHAS) * count) / (count * (count - 1))
