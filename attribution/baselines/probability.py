"""One factor for all scores of a method that has margins, distances or correlations."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

_LOGARITHMS = (-10, 20)  # of the factor


def factor(scores, truth):
    """The number that makes the softmax of `scores`, (N, labels), times it fit `truth`, int (N,).

    It is the inverse of a temperature (Guo et al. 2017), for the least cross entropy. As in Platt's
    scaling the truth is held to be a little uncertain, by one image in N + 1: else the factor of a
    method that makes no mistake would have no end.
    """
    count, labels = scores.shape
    targets = (count * np.eye(labels)[truth] + 1 / labels) / (count + 1)

    def cross_entropy(logarithm):
        scaled = scores * np.exp(logarithm)
        return (logsumexp(scaled, axis=1) - (targets * scaled).sum(axis=1)).mean()

    return float(np.exp(minimize_scalar(cross_entropy, bounds=_LOGARITHMS, method="bounded").x))
