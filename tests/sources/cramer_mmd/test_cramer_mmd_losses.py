"""The critics on features whose distances are known, and the optimizer on a gradient that is."""

import math

import numpy as np
import pytest
import torch

from sources.cramer_mmd import cramergan, losses, mmdgan, optimizer

A, B, C = (torch.tensor([row]) for row in ([3.0, 0.0], [0.0, 4.0], [3.0, 4.0]))


def test_cramer_losses_of_points_3_4_and_5_apart():
    """|x - G| = 5, |x - G'| = 4, |G - G'| = 3."""
    assert cramergan.generator_loss(A, [B, C]).item() == pytest.approx(5 + 4 - 3, abs=1e-5)
    real, fake = 5 - 3, 3 - 5  # critic(x, G) = |x - G| - |x|, critic(G', G) = |G' - G| - |G'|
    assert cramergan.discriminator_loss(A, [B, C]).item() == pytest.approx(fake - real, abs=1e-5)
    assert cramergan.score(A, A, [B, C]).item() == pytest.approx(real, abs=1e-5)


def test_norms_have_their_epsilon_inside_the_root():
    expected = math.sqrt(1e-5) - math.sqrt(9 + 1e-5)
    assert cramergan.score(A, A, [A, A]).item() == pytest.approx(expected, abs=1e-6)


def test_mean_squares_are_those_of_each_image_added_over_layers():
    maps = torch.tensor([[[[1.0, 3.0]]], [[[0.0, 2.0]]]])
    assert losses.mean_squares([maps, torch.cat((A, B))]).tolist() == [5 + 4.5, 2 + 8]


def quadratics(square):
    """The three rational quadratic kernels of two points so far apart."""
    return sum((1 + square / (2 * alpha)) ** -alpha for alpha in (0.1, 1, 10))


def test_the_kernel_of_points_5_apart():
    assert mmdgan.kernel(A, B).item() == pytest.approx(quadratics(25), rel=1e-6)
    assert mmdgan.kernel(A, C).item() == pytest.approx(quadratics(16) + 9, rel=1e-6)
    assert mmdgan.kernel(A, A).item() == pytest.approx(3 + 9, rel=1e-6)


def test_the_estimate_takes_three_from_each_diagonal_and_leaves_the_squares():
    first, second = torch.cat((A, B)), torch.cat((C, C))
    within = (2 * quadratics(25) + 9 + 16) / 2 + (2 * (3 + 25) + 2 * 25) / 2
    between = ((quadratics(16) + 9) + (quadratics(9) + 16)) / 2
    assert mmdgan.mmd2(first, second).item() == pytest.approx(within - 2 * between, rel=1e-6)
    assert mmdgan.generator_loss(second, [first]) == -mmdgan.discriminator_loss(second, [first])


def test_gradient_norms_are_taken_over_the_height_alone():
    slope = torch.arange(24.0).reshape(1, 4, 2, 3)
    expected = np.sqrt((slope.numpy() ** 2).sum(1) + 1e-5)
    np.testing.assert_allclose(losses.column_norms(slope).numpy(), expected, rtol=1e-6)
    assert losses.gradient_penalty(slope).item() == pytest.approx(((expected - 1) ** 2).mean(), rel=1e-6)


def test_a_gradient_is_clipped_to_the_norm_of_one_and_a_short_one_is_not():
    np.testing.assert_allclose(optimizer.clip(torch.tensor([3.0, 4.0])).numpy(), [0.6, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(optimizer.clip(torch.tensor([0.3, 0.4])).numpy(), np.float32([0.3, 0.4]))


def test_adam_adds_epsilon_before_it_corrects_the_bias():
    """At the first step sqrt(v) = sqrt(0.1) |g|: with |g| = 1e-8, epsilon is what decides."""
    variable = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer.Adam({"v": variable}, 1e-4, 0.5, 0.9).step((1e-8 * variable).sum())
    root = math.sqrt(0.1)
    assert variable.item() == pytest.approx(-1e-4 * root / 0.5 * 0.5e-8 / (root * 1e-8 + 1e-8), rel=1e-9)


def test_adam_keeps_its_moments_between_steps():
    variable = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    adam = optimizer.Adam({"v": variable}, 1e-4, 0.5, 0.9)
    expected = mean = square = 0.0
    for step, gradient in enumerate((0.5, -0.25, 0.125), 1):
        adam.step((gradient * variable).sum())
        mean, square = 0.5 * mean + 0.5 * gradient, 0.9 * square + 0.1 * gradient ** 2
        rate = 1e-4 * math.sqrt(1 - 0.9 ** step) / (1 - 0.5 ** step)
        expected -= rate * mean / (math.sqrt(square) + 1e-8)
    assert variable.item() == pytest.approx(expected, rel=1e-9)
