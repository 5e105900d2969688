"""What CramerGAN has to itself: its name, its published settings, and its critic.

The critic is the energy distance of the Cramer GAN (Bellemare et al. 2017, section 4). Features are
(N, F) tensors, as the discriminator makes them of real images and of two batches of generated ones;
means are over the batch; norms have 1e-5 inside the root.
"""

from .settings import Settings

NAME = "CramerGAN"
PUBLISHED = Settings(features=256, penalty=10.0, l2_penalty=0.0)
FAKES = 2  # batches of generated images
# Of the gradient penalty, in a checkpoint: the first that is there.
PENALTY_WEIGHTS = ("loss/gradient_penalty_1", "loss/gradient_penalty")
_EPSILON = 1e-5


def generator_loss(real, fakes):
    """E |f(x) - f(G)| + E |f(x) - f(G')| - E |f(G) - f(G')|: equation (8), with both fakes."""
    first, second = fakes
    return (_norm(first - real) + _norm(second - real) - _norm(first - second)).mean()


def discriminator_loss(real, fakes):
    """Minus the difference of the critic's scores of real images and of the second fakes."""
    first, second = fakes
    return (_surrogate(second, first) - _surrogate(real, first)).mean()


def score(mixed, real, fakes):
    """(N,) scores of images between real and generated ones, whose gradient is penalised."""
    return _surrogate(mixed, fakes[0])


def _norm(features):
    return (features.square().sum(1) + _EPSILON).sqrt()


def _surrogate(features, fake):
    return _norm(features - fake) - _norm(features)
