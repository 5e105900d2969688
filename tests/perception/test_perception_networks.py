"""The networks: known answers, and a second evaluation in plain NumPy."""

import numpy as np
import pytest
from PIL import Image

from attribution.perception import resizing, weights
from tests.perception.conftest import pictures


@pytest.mark.parametrize(("kernel", "method"), [
    (resizing.cubic, Image.Resampling.BICUBIC), (resizing.linear, Image.Resampling.BILINEAR)])
@pytest.mark.parametrize(("before", "after"), [(32, 64), (32, 224), (60, 37)])
def test_a_resize_is_that_of_pillow(kernel, method, before, after):
    image = pictures(1, before)[0].astype(np.float32)
    found = resizing.resize(image[None], after, kernel).numpy()[0]
    for channel in range(3):
        expected = Image.fromarray(image[:, :, channel]).resize((after, after), method)
        np.testing.assert_allclose(found[:, :, channel], np.clip(expected, 0, 255), atol=1e-3)


def test_a_cat_is_a_cat(efficient, cat):
    """Of ImageNet's classes 281 is the tabby cat, 282 the tiger cat, 285 the Egyptian cat."""
    known = weights.efficientnet()
    logits = efficient.features(cat[None]).numpy()[0] @ known["_fc.weight"].T + known["_fc.bias"]
    shares = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert shares.argmax() == 285 and shares[[281, 282, 285]].sum() > 0.9


def test_features_of_an_image_do_not_depend_on_its_neighbours(efficient, cat):
    images = pictures(3, 64)
    alone = efficient.features(cat[None]).numpy()
    beside = efficient.features(np.concatenate([images, cat[None]])).numpy()
    assert alone.shape == (1, 1280)
    np.testing.assert_allclose(beside[3:], alone, atol=1e-4)
    assert np.abs(beside[:3] - alone).max() > 0.5


def second_lpips(first, other):
    """LPIPS of two uint8 images (R, R, 3) of 64 pixels or more, by other words: channels first, pairwise."""
    known, total = weights.alexnet(), 0.0
    pair = np.stack([first, other]).astype(np.float64).transpose(0, 3, 1, 2) / 255 * 2 - 1
    values = ((pair.transpose(0, 2, 3, 1) - [-.030, -.088, -.188]) / [.458, .448, .450]).transpose(0, 3, 1, 2)
    for number, (stride, padding) in enumerate(((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))):
        if number in (1, 2):
            values = windows(values, 3, 2).max(axis=(-2, -1))
        layer = known["AlexNet_0"][f"Conv_{number}"]
        padded = np.pad(values, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
        seen = windows(padded, layer["kernel"].shape[0], stride)
        values = np.tensordot(seen, layer["kernel"], ((1, 4, 5), (2, 0, 1))).transpose(0, 3, 1, 2)
        values = np.maximum(values + layer["bias"][:, None, None], 0)
        one, two = values / np.sqrt((values ** 2).sum(axis=1, keepdims=True) + 1e-20)
        head = known[f"NetLinLayer_{number}"]["Conv_0"]["kernel"][0, 0, :, 0]
        total += np.tensordot(head, (one - two) ** 2, 1).mean()
    return total


def windows(values, size, stride):
    """(n, c, h, w) -> (n, c, h', w', size, size)."""
    seen = np.lib.stride_tricks.sliding_window_view(values, (size, size), axis=(2, 3))
    return seen[:, :, ::stride, ::stride]


def distance(alex, first, other):
    """By the vectors, as the verb has it."""
    one, two = alex.embed(np.stack([first, other])).numpy()
    return ((one - two) ** 2).sum()


@pytest.mark.parametrize("size", [64, 100])
def test_lpips_is_what_a_second_evaluation_says(alex, cat, size):
    first = np.asarray(Image.fromarray(cat).resize((size, size)))
    for other in (first[::-1], first // 2, pictures(1, size)[0]):
        expected = second_lpips(first, other)
        assert 0.02 < expected < 2
        assert distance(alex, first, other) == pytest.approx(expected, rel=1e-4)
        assert distance(alex, other, first) == pytest.approx(expected, rel=1e-4)
    assert distance(alex, first, first) == 0


def test_small_images_are_made_64_pixels_large(alex, cat):
    small = np.asarray(Image.fromarray(cat).resize((32, 32)))
    large = [Image.fromarray(one).resize((64, 64), Image.Resampling.BILINEAR) for one in (small, small[::-1])]
    expected = second_lpips(*map(np.asarray, large))
    assert distance(alex, small, small[::-1]) == pytest.approx(expected, rel=0.01)  # these were rounded


def test_what_is_changed_more_is_further_away(alex, cat):
    noise = np.random.RandomState(0).normal(size=cat.shape)
    changed = [np.clip(cat + strength * noise, 0, 255).astype(np.uint8) for strength in (5, 20, 60)]
    near, middle, far = (distance(alex, cat, one) for one in changed)
    assert 0 < near < middle < far
