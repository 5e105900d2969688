"""The hinge losses (Miyato et al. 2018, equations (17) and (18))."""

import chainer.functions as F


def generator_loss(fake):
    """Minus the mean score of generated images. fake: (N, 1) scores."""
    return -F.mean(fake)


def discriminator_loss(real, fake):
    """The mean of how far real scores are below 1, plus that of how far generated ones are above -1."""
    return F.mean(F.relu(1 - real)) + F.mean(F.relu(1 + fake))
