"""What MMDGAN has to itself: its name, its published settings, and its critic.

The critic is the squared maximum mean discrepancy of MMD-GAN (Binkowski et al. 2018), kernel
mix_rq_1dot. Features are (N, F) tensors, as the discriminator makes them of real images and of one
batch of generated ones.
"""

from .settings import Settings

NAME = "MMDGAN"
PUBLISHED = Settings(features=16, penalty=1.0, l2_penalty=1.0)
FAKES = 1  # batches of generated images
PENALTY_WEIGHTS = ("loss/gradient_penalty",)  # in a checkpoint
_ALPHAS = (0.1, 1.0, 10.0)  # of the three rational quadratic kernels


def generator_loss(real, fakes):
    """The estimate of MMD^2 between generated and real features (equation (4) there)."""
    return mmd2(fakes[0], real)


def discriminator_loss(real, fakes):
    """Minus the same."""
    return -mmd2(fakes[0], real)


def score(mixed, real, fakes):
    """(N,) values of the witness function, whose gradient is penalised."""
    return kernel(mixed, real).mean(1) - kernel(mixed, fakes[0]).mean(1)


def kernel(first, second):
    """(N, M): three rational quadratic kernels plus the dot product, of all pairs of rows."""
    dot = first @ second.T
    squares = first.square().sum(1)[:, None] + second.square().sum(1)[None, :] - 2 * dot
    squares = squares.clamp(min=0)
    return sum((1 + squares / (2 * alpha)) ** -alpha for alpha in _ALPHAS) + dot


def mmd2(first, second):
    """The estimate of MMD^2 as the published code computes it.

    From the diagonal it takes away 1 for each quadratic, but not the squares that the dot product
    puts there: with this kernel the "unbiased" estimate keeps sum |f|^2 / (N (N - 1)).
    """
    return _without_diagonal(kernel(first, first)) + _without_diagonal(kernel(second, second)) \
        - 2 * kernel(first, second).mean()


def _without_diagonal(matrix):
    count = len(matrix)
    return (matrix.sum() - len(_ALPHAS) * count) / (count * (count - 1))
