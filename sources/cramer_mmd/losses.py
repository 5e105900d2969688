"""The penalties that both critics share."""

import torch

_EPSILON = 1e-5  # inside the root of a norm


def gradient_penalty(gradient):
    """Mean of (norm - 1)^2, the norms of a gradient of images (N, H, W, 3) taken over the image's HEIGHT alone.

    The published code means the whole image (Gulrajani et al. 2017), and says axis 1.
    """
    return (column_norms(gradient) - 1).square().mean()


def column_norms(gradient):
    """(N, W, 3) norms of a gradient (N, H, W, 3) over the height."""
    return torch.sqrt(gradient.square().sum(1) + _EPSILON)


def mean_squares(layers):
    """Of each image the sum over layers of the mean square of what the layer made of it: (N,)."""
    return sum(layer.square().mean(tuple(range(1, layer.dim()))) for layer in layers)
