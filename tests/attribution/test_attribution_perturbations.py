"""Perturbations: nothing at strength zero, and answers that are known before."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from attribution import perturbations
from attribution.perturbations import Settings, from_config, perturb
from sources.contract.errors import BadInput

KINDS = (*perturbations.ORDER, "combination")
SIDE = 32


@pytest.fixture(scope="module")
def image():
    """A smooth picture with some noise, none of whose values is near 0 or 255."""
    places = np.linspace(0, 3, SIDE)
    waves = np.sin(places)[:, None, None] + np.cos(2 * places)[None, :, None] + (0, 0.5, 1)
    grain = np.random.RandomState(0).randint(0, 9, (SIDE, SIDE, 3))
    return (120 + 25 * waves + grain).astype(np.uint8)


def drawn(monkeypatch, name):
    """A list that will hold the arguments of every call of a perturbation."""
    calls, real = [], getattr(perturbations, name)
    monkeypatch.setattr(perturbations, name, lambda *words: calls.append(words[1:]) or real(*words))
    return calls


@pytest.mark.parametrize("kind", KINDS)
def test_strength_zero_changes_nothing(image, kind):
    assert np.array_equal(perturb(image, 3, 0, Settings(kind, strength=0.0)), image)


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_that_nothing_happens_to_stays(image, kind):
    assert np.array_equal(perturb(image, 3, 0, Settings(kind, probability=0.0)), image)


@pytest.mark.parametrize("kind", KINDS)
def test_what_happens_depends_on_seed_and_number_alone(image, kind):
    settings, numbers = Settings(kind), range(12)
    forwards = [perturb(image, number, 5, settings) for number in numbers]
    backwards = [perturb(image, number, 5, settings) for number in reversed(numbers)][::-1]
    assert np.array_equal(forwards, backwards)
    others = [perturb(image, number, 6, settings) for number in numbers]
    assert not np.array_equal(forwards, others)
    assert len({found.tobytes() for found in forwards}) > 3
    assert all(found.dtype == np.uint8 and found.shape == image.shape for found in forwards)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [4, 8, 128])
def test_any_image_can_be_perturbed(kind, side):
    for value in (0, 128, 255):
        flat = np.full((side, side, 3), value, np.uint8)
        for strength in (0.3, 2.0):
            for number in range(8):
                assert perturb(flat, number, 1, Settings(kind, strength)).shape == flat.shape


@pytest.mark.parametrize("kind", ["noise", "blur", "crop", "jpeg", "relighting"])
def test_a_stronger_perturbation_changes_more(image, kind):
    def change(strength):
        found = [perturb(image, number, 0, Settings(kind, strength)) for number in range(40)]
        return np.square(np.subtract(found, image, dtype=float)).mean()
    assert 0 < change(0.5) < change(1.0) < change(2.0)


def test_noise_has_the_variance_that_is_asked_for():
    grey = np.full((128, 128, 3), 128, np.uint8)
    changed = perturbations.noise(grey, 4, np.random.RandomState(0)).astype(float)
    rounding = 1 / 12
    assert changed.var() == pytest.approx(16 + rounding, rel=0.02)
    assert changed.mean() == pytest.approx(128, abs=0.1)


@pytest.mark.parametrize("scale, low, high", [("variance", math.sqrt(5), math.sqrt(20)),
                                              ("deviation", 5, 20)])
def test_noise_in_both_readings(image, monkeypatch, scale, low, high):
    calls = drawn(monkeypatch, "noise")
    for number in range(200):
        perturb(image, number, 0, Settings("noise", noise_scale=scale))
    deviations = [deviation for deviation, _ in calls]
    assert low <= min(deviations) < low * 1.1 and high * 0.95 < max(deviations) <= high


def test_blur_leaves_a_constant_image_and_the_mean_of_a_periodic_one():
    flat = np.full((16, 16, 3), 77, np.uint8)
    assert np.array_equal(perturbations.blur(flat, 9, 1.7), flat)
    dot = np.zeros((17, 17, 3), np.uint8)
    dot[8, 8] = 255
    taps = np.exp(-np.arange(-2, 3) ** 2 / (2 * 1.1 ** 2))
    kernel = np.outer(taps, taps) / taps.sum() ** 2
    blurred = perturbations.blur(dot, 5, 1.1)
    np.testing.assert_array_equal(blurred[6:11, 6:11, 0], np.rint(255 * kernel))
    assert not blurred[:6].any() and not blurred[:, 11:].any()


@pytest.mark.parametrize("reading", ["kernel", "four"])
def test_blur_draws_every_kernel_and_its_deviation(image, monkeypatch, reading):
    calls = drawn(monkeypatch, "blur")
    for number in range(100):
        perturb(image, number, 0, Settings("blur", blur_deviation=reading))
    assert {size for size, _ in calls} == set(perturbations.BLUR)
    for size, deviation in calls:
        usual = 0.3 * ((size - 1) * 0.5 - 1) + 0.8  # OpenCV's rule
        assert deviation == (4 if reading == "four" else pytest.approx(usual))


def test_cropping_nothing_changes_nothing(image):
    assert perturbations.crop(image, 0) is image


def test_a_crop_shows_the_middle_larger():
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[8:24, 8:24] = 200
    assert (perturbations.crop(picture, 8) == 200).all()
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint8)[None, :, None] * 8, (32, 32, 3))
    line = perturbations.crop(ramp, 4)[16, :, 0].astype(float)
    assert line[0] == pytest.approx(32, abs=3) and line[-1] == pytest.approx(216, abs=3)


@pytest.mark.parametrize("share, low, high", [("edge", 6, 26), ("total", 3, 13)])
def test_crops_in_both_readings(monkeypatch, share, low, high):
    calls, picture = drawn(monkeypatch, "crop"), np.zeros((128, 128, 3), np.uint8)
    for number in range(100):
        perturb(picture, number, 0, Settings("crop", crop_share=share))
    pixels = [one for one, in calls]
    assert low <= min(pixels) <= low + 1 and high - 1 <= max(pixels) <= high


def test_the_quality_of_a_jpeg_is_really_set(image):
    for quality in (10, 42, 75, 95):
        stream = io.BytesIO()
        Image.new("RGB", (8, 8)).save(stream, "JPEG", quality=quality)
        expected = Image.open(stream).quantization
        file = io.BytesIO(perturbations.jpeg_file(image, quality))
        assert Image.open(file).quantization == expected
    errors = [np.abs(perturbations.jpeg(image, quality).astype(int) - image).mean()
              for quality in (10, 50, 95)]
    assert errors[0] > errors[1] > errors[2] > 0


def test_jpeg_draws_its_whole_range(image, monkeypatch):
    calls = drawn(monkeypatch, "jpeg")
    for number in range(400):
        perturb(image, number, 0, Settings("jpeg"))
    qualities = [one for one, in calls]
    assert (min(qualities), max(qualities)) == perturbations.JPEG


def test_a_jpeg_may_be_the_same_for_every_image(image, monkeypatch):
    calls = drawn(monkeypatch, "jpeg")
    for number in range(4):
        perturb(image, number, number, Settings("jpeg", strength=0.5, quality=90))
    assert calls == [(90,)] * 4


def test_the_same_light_gives_the_same_image(image):
    assert np.array_equal(perturbations.relight(image, perturbations.light_of(image)), image)
    assert np.array_equal(perturbations.relight(image, 7 * perturbations.light_of(image)), image)
    other = perturbations.lamp((1, 0, 0), 0.3)
    assert np.array_equal(perturbations.relight(image, other, 0), image)
    assert not np.array_equal(perturbations.relight(image, other), image)


def test_light_falls_from_where_the_lamp_is():
    """A bright hill in the middle: the side that faces the lamp becomes brighter than the other."""
    places = np.linspace(-1, 1, 64)
    hill = 90 + 90 * np.exp(-3 * (places[:, None] ** 2 + places[None, :] ** 2))
    picture = np.repeat(hill[..., None], 3, axis=2).astype(np.uint8)
    right = perturbations.relight(picture, perturbations.lamp((1, 0, 0), 0.3)).astype(float)
    assert right[32, 40:52].mean() > 1.2 * right[32, 12:24].mean()
    above = perturbations.relight(picture, perturbations.lamp((0, 1, 0), 0.3)).astype(float)
    assert above[12:24, 32].mean() > 1.2 * above[40:52, 32].mean()


def test_harmonics_are_orthonormal_on_the_sphere():
    normals = np.random.RandomState(0).standard_normal((200_000, 3))
    values = perturbations.harmonics(normals / np.linalg.norm(normals, axis=1, keepdims=True))
    np.testing.assert_allclose(4 * math.pi * values.T @ values / len(values), np.eye(9), atol=0.02)


def test_a_lamp_lights_a_matt_surface_by_the_cosine():
    """But for the degrees that are left out, which carry a hundredth of the light."""
    angles = np.linspace(0, math.pi, 50)
    normals = np.stack([np.sin(angles), np.zeros(50), np.cos(angles)], axis=1)
    shading = perturbations.harmonics(normals) @ perturbations.lamp((0, 0, 1), 0.0)
    np.testing.assert_allclose(shading, np.maximum(np.cos(angles), 0), atol=0.1)
    flat = perturbations.harmonics(normals) @ perturbations.lamp((0, 0, 1), 1.0)
    np.testing.assert_allclose(flat, flat[0])


def happened(monkeypatch, settings, count=400):
    """The kinds that happen to each of many images."""
    seen = []
    fakes = {kind: lambda image, *_, kind=kind: seen[-1].append(kind) or image
             for kind in perturbations.ORDER}
    monkeypatch.setattr(perturbations, "_DRAW", fakes)
    for number in range(count):
        seen.append([])
        perturb(None, number, 0, settings)
    return seen


def test_a_combination_takes_each_by_chance_in_its_order(monkeypatch):
    seen = happened(monkeypatch, Settings("combination"))
    assert all(kinds == sorted(kinds, key=perturbations.ORDER.index) for kinds in seen)
    for kind in perturbations.ORDER:
        assert 0.42 < sum(kind in kinds for kinds in seen) / len(seen) < 0.58
    assert 0 < sum(not kinds for kinds in seen) < 40


def test_a_combination_in_turn_takes_one_an_image(monkeypatch):
    seen = happened(monkeypatch, Settings("combination", combination="turn"))
    assert all(kinds in ([], [perturbations.ORDER[number % 5]])
               for number, kinds in enumerate(seen))
    assert 0.42 < sum(map(len, seen)) / len(seen) < 0.58


def test_a_share_of_the_images_can_stay_clean(monkeypatch):
    seen = happened(monkeypatch, Settings("blur", probability=0.25))
    assert 0.18 < sum(map(len, seen)) / len(seen) < 0.32


@pytest.mark.parametrize("differences, words", [
    ({"kind": "fog"}, "setting kind: expected relighting or .* or combination, found 'fog'"),
    ({"noise_scale": "both"}, "noise_scale: expected variance or deviation"),
    ({"strength": 3.0}, "strength: expected 0 to 2"),
    ({"strength": -1.0}, "strength: expected 0 to 2"),
    ({"probability": 1.5}, "probability: expected 0 to 1"), ({"sharpness": 3}, "no such setting"),
    ({"quality": 101}, "quality: expected 0 to 100"),
])
def test_settings_that_make_no_sense(differences, words):
    with pytest.raises(BadInput, match=words):
        from_config(differences)
