"""Spectra: of patterns that are known, and what is measured of image sets that have them."""

import numpy as np
import pytest

from attribution.analysis import spectra
from attribution.analysis.lab import Lab
from experiments import spectra as experiment
from sources.contract import imagesets

SIZE = 32
DOWN, RIGHT = np.indices((SIZE, SIZE))
CHECKERBOARD, STRIPES = (DOWN + RIGHT) % 2 * 2 - 1, DOWN % 2 * 2 - 1


def noise(count=60, deviation=3.0):
    return np.random.default_rng(0).normal(128, deviation, (count, SIZE, SIZE, 3))


def spectrum_of(images):
    return spectra.power(spectra.residuals(images)).mean(axis=0)


def planted(pattern, strength=2.0):
    return np.rint(noise() + strength * pattern[None, :, :, None]).clip(0, 255).astype(np.uint8)


def test_white_noise_is_flat_and_its_level_is_its_variance():
    found = spectra.radial(spectra.power(noise(200, 3) - 128)).mean(axis=0)
    assert found == pytest.approx(9, rel=0.1)


def test_a_checkerboard_is_one_peak_at_the_highest_frequency():
    found = spectra.power(np.repeat(CHECKERBOARD[None, :, :, None], 3, axis=3))[0]
    assert found[SIZE // 2, SIZE // 2] == pytest.approx(SIZE ** 2)
    assert found.sum() == pytest.approx(SIZE ** 2)
    assert spectra.radial(found[None])[0].argmax() == round(SIZE / 2 * 2 ** 0.5)


@pytest.mark.parametrize(("pattern", "place"), [(CHECKERBOARD, (16, 16)), (STRIPES, (16, 0)),
                                                (STRIPES.T, (0, 16))])
def test_the_denoiser_takes_no_pattern_of_period_two_away(pattern, place):
    found = spectrum_of(planted(pattern))
    assert np.unravel_index(found.argmax(), found.shape) == place
    assert found.max() > 100 * np.median(found)


def test_the_denoiser_takes_what_an_image_shows():
    flat, edge = np.full((1, SIZE, SIZE, 3), 90.0), np.full((1, SIZE, SIZE, 3), 90.0)
    edge[:, :, 16:] = 200
    assert abs(spectra.residuals(flat)).max() == pytest.approx(0, abs=1e-9)
    assert abs(spectra.residuals(edge)).max() < 1
    faint = flat + CHECKERBOARD[None, :, :, None]
    assert abs(spectra.residuals(faint)).max() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("period", [4, 8])
def test_a_pattern_repeats_after_its_period(period):
    dots = (DOWN % period == 0) & (RIGHT % period == 0)
    found = spectra.autocorrelation(spectrum_of(planted(dots, 8.0)))
    assert found[0, 0] == pytest.approx(1)
    assert found[2:SIZE // 2 + 1, 0].argmax() + 2 == period
    assert sorted(spectra.strongest_lag(found, 2)[:2]) == [0, period]
    assert abs(spectra.autocorrelation(spectrum_of(noise()))[3:-2]).max() < 0.05


def lab(folder, sets):
    """A Lab of image sets {name: uint8 (60, R, R, 3)}, of which 10 are no test images."""
    for name, images in sets.items():
        with imagesets.Writer(str(folder / name), len(images), SIZE) as writer:
            writer.append(images)
            writer.finish("", {}, {})
    return Lab(folder, {name: name for name in sets}, {"test": (10, 50)})


def measured(folder, sets, **settings):
    found = experiment.measure(lab(folder, sets), experiment.Settings(**settings))
    return found, {source["name"]: source for source in found["sources"]}


def test_a_planted_checkerboard_is_the_largest_departure_from_real_images(tmp_path):
    plain = planted(CHECKERBOARD, 0)
    found, sources = measured(tmp_path, {"real": plain, "A": planted(CHECKERBOARD), "B": plain})
    frequency, low, value, high = experiment._departure(sources["A"])
    assert frequency == pytest.approx(0.5 * 2 ** 0.5, abs=1 / SIZE) and 10 < low < value < high
    assert all(low < 0 == value < high for _, low, value, high in sources["B"]["radial"])
    spectrum = np.array(sources["A"]["spectrum"])
    assert spectrum.argmax() == 0 and spectrum.shape == (SIZE, SIZE)  # the corner, as 0 is centred
    told = experiment.section(found, [])
    assert told.headline.value == f"{experiment._decibels(value)} dB"
    assert "residuals of A" in told.headline.text


def test_no_image_but_the_first_test_images_is_seen(tmp_path):
    images = planted(CHECKERBOARD, 0)
    spoilt = images.copy()
    spoilt[:10] = spoilt[40:] = 255 * (CHECKERBOARD[:, :, None] > 0)
    (first, _), (second, _) = (measured(tmp_path / name, {"real": images, "A": other}, images=30)
                               for name, other in (("clean", images), ("spoilt", spoilt)))
    assert first == second and first["images"] == 30


def test_images_without_any_noise_can_be_measured(tmp_path):
    flat = np.full((60, SIZE, SIZE, 3), 7, np.uint8)
    _, sources = measured(tmp_path, {"real": planted(STRIPES, 0), "A": flat})
    assert np.isfinite(sources["A"]["spectrum"]).all() and sources["A"]["lag"][2] == 0
    assert np.isfinite(sources["A"]["radial"]).all()
