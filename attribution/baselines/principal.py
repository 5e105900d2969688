"""Principal components, exactly, in the memory of one square matrix and a block of images."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

_BLOCK = 512  # images that are floating point at once


class Components(NamedTuple):
    """mean: (D,). directions: (d, D), of length 1, the largest first. shares: (d,), of the variance
    in the first 1, 2, ... d of them."""

    mean: np.ndarray
    directions: np.ndarray
    shares: np.ndarray


def values(images):
    """uint8 (n, R, R, 3) -> float64 (n, D), from -1 to 1."""
    return images.reshape(len(images), -1) / 127.5 - 1


def find(images, most):
    """The first `most` Components of images, uint8 (n, R, R, 3), of different ones at least two.

    Of fewer images than values the n x n matrix of their products is taken, which has the same
    eigenvalues as the D x D one of the covariances.
    """
    mean = sum(values(block).sum(axis=0) for block in _blocks(images)) / len(images)

    def centred(block):
        return values(block) - mean

    if len(images) < len(mean):
        variances, vectors, total = _largest(_products(images, centred), most)
        found = sum(part.T @ centred(block)
                    for part, block in zip(_blocks(vectors), _blocks(images), strict=True))
        directions = found / np.sqrt(variances)[:, None]
    else:
        covariances = sum(centred(block).T @ centred(block) for block in _blocks(images))
        variances, vectors, total = _largest(covariances, most)
        directions = vectors.T
    return Components(mean, directions, np.cumsum(variances) / total)


def _products(images, centred):
    """(n, n): the dot product of every two images."""
    return np.block([[centred(row) @ centred(column).T for column in _blocks(images)]
                     for row in _blocks(images)])


def _largest(matrix, most):
    """The largest eigenvalues that are not zero, their vectors as columns, the sum of them all."""
    size, total = len(matrix), np.trace(matrix)
    found, vectors = eigh(matrix, subset_by_index=(max(size - most, 0), size - 1))
    kept = found > 1e-10 * total
    return found[kept][::-1], vectors[:, kept][:, ::-1], total


def _blocks(rows):
    return [rows[start:start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
