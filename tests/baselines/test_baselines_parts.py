"""What the baselines compute with, by known answers."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.decomposition import PCA

from attribution.baselines import cleanups, denoising, principal, probability


@pytest.mark.parametrize("count", [20, 700, 1300])  # fewer images than values, and more
def test_components_are_those_of_a_full_decomposition(count):
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), np.uint8)
    found = principal.find(images, 12)
    wanted = PCA(12, svd_solver="full").fit(principal.values(images))
    np.testing.assert_allclose(found.mean, wanted.mean_, atol=1e-12)
    np.testing.assert_allclose(found.shares, np.cumsum(wanted.explained_variance_ratio_), rtol=1e-6)
    alike = np.abs((found.directions * wanted.components_).sum(axis=1))
    np.testing.assert_allclose(alike, 1, atol=1e-5)


def test_components_without_variance_are_left_out():
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)
    found = principal.find(images, 100)
    assert found.directions.shape == (4, 192) and found.shares[-1] == pytest.approx(1)


def test_the_residual_of_noise_is_noise_and_inside_a_ramp_nothing():
    random = np.random.default_rng(0)
    ramp = np.tile(np.linspace(0, 255, 64, dtype=np.float32), (1, 3, 64, 1))
    noise = 3 * random.standard_normal((1, 3, 64, 64)).astype(np.float32)
    clean, noisy = (denoising.Noise(images, 2).residual(2, 3.0) for images in (ramp, ramp + noise))
    assert np.abs(clean[..., 24:40, 24:40]).max() < 0.05
    assert np.corrcoef(noisy.ravel(), noise.ravel())[0, 1] > 0.9


def test_a_residual_of_two_levels_is_that_of_as_many():
    """Levels that are taken apart but not asked for change nothing."""
    images = 255 * np.random.default_rng(0).random((2, 3, 64, 64), np.float32)
    deep, shallow = denoising.Noise(images, 3), denoising.Noise(images, 2)
    np.testing.assert_allclose(deep.residual(2, 5), shallow.residual(2, 5), atol=1e-3)
    assert not np.allclose(deep.residual(3, 5), shallow.residual(2, 5), atol=1e-3)


def test_the_wiener_filter_by_hand():
    assert denoising.noise_of(10.0, 5.0, 1.0) == 2      # signal 4, noise 1: a fifth
    assert denoising.noise_of(10.0, 0.5, 1.0) == 10     # less than the noise alone: all
    assert denoising.least_power(np.full((9, 9), 2.0))[4, 4] == 4


def test_means_of_rows_and_columns_in_each_phase_go():
    values = np.random.default_rng(0).random((2, 8, 8))
    cleaned = cleanups._without_lines(values)
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        phase = cleaned[:, row::2, column::2]
        assert np.abs(phase.mean(axis=1)).max() < 1e-12 > np.abs(phase.mean(axis=2)).max()
    board = np.indices((8, 8)).sum(axis=0)[None] % 2 * 1.0
    assert np.abs(cleanups._without_lines(board)).max() == 0


def test_a_peak_of_the_spectrum_goes_and_white_noise_stays():
    random = np.random.default_rng(0)
    white = random.standard_normal((1, 64, 64))
    wave = 2 * np.cos(2 * np.pi * np.arange(64) * 10 / 64)[None, None, :] * np.ones((1, 64, 1))
    cleaned = cleanups._without_peaks(white + wave)
    assert np.corrcoef(cleaned.ravel(), white.ravel())[0, 1] > 0.9
    left = np.abs(np.fft.fft2(cleaned))[0, 0, 10] / np.abs(np.fft.fft2(wave))[0, 0, 10]
    assert left < 0.3


def test_saturated_pixels_say_nothing():
    images = np.full((1, 3, 8, 8), 126, np.float32)
    images[0, 0, 2, 2:4] = 255
    images[0, 1, 2, 2] = 255  # alone: it may be right
    mass = cleanups._response(images)
    assert mass[0, 0, 2, 2] == mass[0, 0, 2, 3] == 0 and mass[0, 0, 0, 0] == 0.25
    assert mass[0, 1, 2, 2] == pytest.approx(np.exp(-9 / 6) ** 2)


def test_correlations_are_those_of_pearson():
    first, second = np.random.default_rng(0).random((2, 3, 4, 4))
    found = cleanups.unit(first) @ cleanups.unit(second).T
    wanted = np.corrcoef(first.reshape(3, -1), second.reshape(3, -1))[:3, 3:]
    np.testing.assert_allclose(found, wanted)
    assert not cleanups.unit(np.ones((1, 3, 3))).any()


def test_the_factor_finds_the_temperature_that_the_truth_was_drawn_with():
    random = np.random.default_rng(0)
    logits = 2 * random.standard_normal((20_000, 4))
    shares = np.exp(log_softmax(logits, axis=1))
    truth = (shares.cumsum(axis=1) < random.random((len(logits), 1))).sum(axis=1)
    assert probability.factor(logits / 50, truth) == pytest.approx(50, rel=0.05)


def test_a_method_without_mistakes_gets_a_factor_that_ends():
    truth = np.arange(30) % 3
    assert 1 < probability.factor(np.eye(3)[truth], truth) < 20


def test_scores_that_mean_nothing_become_no_certainty():
    random = np.random.default_rng(0)
    found = probability.factor(random.standard_normal((2000, 3)), random.integers(0, 3, 2000))
    assert found < 0.1
