"""The penalties that both critics share."""

import torch

_EPSILON = 1e-5  # inside the root of a norm


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
