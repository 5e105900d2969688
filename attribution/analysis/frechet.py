"""Fréchet distances between sets of features, each taken for a normal distribution.

Dowson and Landau 1982; for images of GANs Heusel et al. 2017. Few images make it too large, the
more so the more dimensions there are (Chong and Forsyth 2020): compare equal numbers alone.
"""

from typing import NamedTuple

import numpy as np


class Normal(NamedTuple):
    """A normal distribution: mean (D,), covariance (D, D), and the symmetric root of that."""

    mean: np.ndarray
    covariance: np.ndarray
    root: np.ndarray


def normal(features):
    """The Normal of features (N, D), N of 2 or more; its covariance has the divisor N - 1."""
    covariance = np.atleast_2d(np.cov(np.asarray(features, float), rowvar=False))
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    return Normal(np.mean(features, axis=0, dtype=float), covariance, root)


def distance(first, second):
    """|m1 - m2|^2 + trace(S1 + S2 - 2 (S1 S2)^1/2) of two Normals: 0 or more.

    The trace of the root is that of the root of S1^1/2 S2 S1^1/2, which is symmetric: its
    eigenvalues are real, and of those below zero by rounding none is left.
    """
    inner = np.linalg.eigvalsh(first.root @ second.covariance @ first.root)
    apart = ((first.mean - second.mean) ** 2).sum()
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return float(max(apart + traces - 2 * np.sqrt(inner.clip(0)).sum(), 0))


def between_halves(classes):
    """Distances of one half of every class to the other half of every class, float (K, K).

    classes: [(N, D)], of one N. So the diagonal is of disjoint halves of the same class, and all
    distances are of equally many images. Halves are drawn by lot, always alike: in order, or in
    turns, rows may differ in what they show.
    """
    size = len(classes[0]) // 2
    lots = np.random.default_rng(0).permutation(len(classes[0]))
    first, second = ([normal(features[rows]) for features in classes]
                     for rows in (lots[:size], lots[size:2 * size]))
    return np.array([[distance(one, other) for other in second] for one in first])


def ratio(distances):
    """The FD ratio: the mean distance of different classes over that of halves of the same class.

    Yu, Davis and Fritz 2019, section 4. distances: as `between_halves` gives them. None if halves
    of the same class do not differ at all.
    """
    same = np.eye(len(distances), dtype=bool)
    within = distances[same].mean()
    return float(distances[~same].mean() / within) if within else None
