"""The networks: the published numbers, and known answers of their parts."""

import numpy as np
import pytest
import tensorflow as tf

from sources.progan import networks, variables
from sources.progan.model import to_uint8
from sources.progan.settings import Network, latent_size, width
from tests.sources.progan.progan_files import TINY


def weights_of(shapes, seed=0):
    random = np.random.RandomState(seed)
    weights = variables.initial(shapes, True, random)
    return {name: value if name.endswith("weight") else value + np.float32(0.1) * random.standard_normal(value.shape)
            .astype(np.float32) for name, value in weights.items()}


def images_of(network, weights, inputs, lod):
    return networks.generator(network, weights, inputs, *networks.split_lod(network, lod)).numpy()


def scores_of(network, weights, images, lod):
    return networks.discriminator(network, weights, images, *networks.split_lod(network, lod))[0].numpy()


@pytest.mark.parametrize("lod, name", [(0, "0"), (1.3, "1_3")])
def test_published_images(case, lod, name):
    images = images_of(case.network, case.average, case.numbers["latents"], lod)
    np.testing.assert_allclose(images, case.numbers["images_lod" + name], rtol=0, atol=1e-4)


@pytest.mark.parametrize("lod, name", [(0, "0"), (1.3, "1_3")])
def test_published_scores(case, lod, name):
    scores = scores_of(case.network, case.discriminator, case.numbers["d_images"], lod)
    np.testing.assert_allclose(scores, case.numbers["d_scores_lod" + name], rtol=0, atol=2e-6)


def test_published_bytes(case):
    images = to_uint8(images_of(case.network, case.average, case.numbers["latents"], 0)).astype(int)
    difference = np.abs(images - case.numbers["images_uint8"])
    assert difference.max() <= 1 and np.mean(difference > 0) <= 1e-3


def test_published_gradient_of_the_images(case):
    images = tf.constant(case.numbers["d_images"])
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(networks.discriminator(case.network, case.discriminator, images, 0, 0.0)[0])
    np.testing.assert_allclose(tape.gradient(total, images), case.numbers["d_grad_images"], rtol=0, atol=2e-7)


@pytest.mark.parametrize("fused", [True, False])
def test_kernels_that_are_ready_give_the_same_bits(fused):
    network = Network(16, fmap_base=64, fmap_max=16, fused_scale=fused)
    weights = weights_of(variables.generator_shapes(network))
    ready = networks.fixed(network, weights)
    inputs = np.random.RandomState(1).standard_normal((2, latent_size(network))).astype(np.float32)
    np.testing.assert_array_equal(images_of(network, ready, inputs, 0), images_of(network, weights, inputs, 0))
    ready["16x16/Conv1/kernel"] *= 0  # it is used
    assert np.ptp(images_of(network, ready, inputs, 0), axis=(1, 2)).max() == 0


def test_values_become_bytes_to_the_nearest_half_to_even_and_saturate():
    values = np.float32([-1.2, -1, -0.99999, 0, 1 / 127.5, 2 / 127.5, 0.99999, 1, 300])
    assert to_uint8(values).tolist() == [0, 0, 0, 128, 128, 130, 255, 255, 255]


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("resolution", [4, 8, 32])
def test_a_level_below_is_the_enlarged_lower_image(fused, resolution):
    """At a whole lod the image is piecewise constant; just above the next lower whole lod it is nearly the same."""
    network = Network(resolution, fmap_base=64, fmap_max=8, fused_scale=fused)
    weights = weights_of(variables.generator_shapes(network))
    latents = np.random.RandomState(1).standard_normal((3, 8)).astype(np.float32)
    for level in range(variables.stages(network) - 1):
        images = images_of(network, weights, latents, level)
        assert images.shape == (3, resolution, resolution, 3)
        small = images[:, ::2 ** level, ::2 ** level]
        np.testing.assert_array_equal(images, small.repeat(2 ** level, 1).repeat(2 ** level, 2))
        if level:
            np.testing.assert_allclose(images_of(network, weights, latents, level - 2 ** -20), images, atol=1e-4)


def test_a_lod_beyond_the_ends_is_the_end():
    assert networks.split_lod(TINY, 7.5) == (1, 0) and networks.split_lod(TINY, -0.5) == (0, 0)
    level, fade = networks.split_lod(Network(32), 1.3)
    assert level == 1 and fade == np.float32(1.3) - np.float32(1)


def test_the_discriminator_sees_nothing_finer_than_its_level():
    weights = weights_of(variables.discriminator_shapes(TINY))
    images = np.random.RandomState(1).uniform(-1, 1, (4, 8, 8, 3)).astype(np.float32)
    blurred = networks.upscale(networks.downscale(images, 2), 2).numpy()
    np.testing.assert_allclose(scores_of(TINY, weights, images, 1), scores_of(TINY, weights, blurred, 1), atol=1e-6)
    assert np.abs(scores_of(TINY, weights, images, 0) - scores_of(TINY, weights, blurred, 0)).max() > 1e-3


def test_fused_and_separate_downscaling_agree():
    fused, separate = TINY, TINY._replace(fused_scale=False)
    weights = weights_of(variables.discriminator_shapes(fused))
    renamed = {name.replace("Conv1_down", "Conv1"): value for name, value in weights.items()}
    images = np.random.RandomState(1).uniform(-1, 1, (4, 8, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(scores_of(fused, weights, images, 0), scores_of(separate, renamed, images, 0), atol=1e-5)


def test_fused_upscaling_is_the_separate_one_with_a_kernel_turned_around():
    fused, separate = TINY, TINY._replace(fused_scale=False)
    weights = weights_of(variables.generator_shapes(fused))
    renamed = {name.replace("Conv0_up", "Conv0"): value for name, value in weights.items()}
    renamed["8x8/Conv0/weight"] = weights["8x8/Conv0_up/weight"][::-1, ::-1].transpose(0, 1, 3, 2)
    latents = np.random.RandomState(1).standard_normal((4, 8)).astype(np.float32)
    np.testing.assert_allclose(
        images_of(fused, weights, latents, 0), images_of(separate, renamed, latents, 0), atol=1e-5)


def test_images_stand_in_groups_by_stride():
    """Of 8 images, {0, 2, 4, 6} and {1, 3, 5, 7} form the groups: equal images have no deviation."""
    features = np.zeros((8, 4, 4, 2), np.float32)
    features[1::2] = np.arange(4, dtype=np.float32)[:, None, None, None]
    deviation = networks._append_deviation(tf.constant(features), 4).numpy()[..., 2]
    np.testing.assert_allclose(deviation[::2], 1e-4, rtol=1e-3)
    np.testing.assert_allclose(deviation[1::2], np.sqrt(1.25), rtol=1e-6)


def test_minibatches_that_are_scored_together_are_scored_as_if_alone():
    weights = weights_of(variables.discriminator_shapes(TINY))
    images = np.random.RandomState(1).uniform(-1, 1, (16, 8, 8, 3)).astype(np.float32)
    images[8:] *= 0.1
    together, _ = networks.discriminator(TINY, weights, images, 0, 0.0, batches=2)
    alone = np.concatenate([scores_of(TINY, weights, half, 0) for half in (images[:8], images[8:])])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert np.abs(scores_of(TINY, weights, images, 0) - alone).max() > 1e-3


def test_a_small_batch_is_one_group():
    features = np.float32([1, 3])[:, None, None, None] * np.ones((2, 4, 4, 3), np.float32)
    np.testing.assert_allclose(networks._append_deviation(tf.constant(features), 4).numpy()[..., 3], 1, rtol=1e-6)


def test_pixel_norm_makes_the_mean_square_one():
    normed = networks._pixel_norm(tf.constant([[3.0, 4.0], [0.0, 0.0]]), 1e-8).numpy()
    np.testing.assert_allclose(normed, [[3 / np.sqrt(12.5), 4 / np.sqrt(12.5)], [0, 0]], rtol=1e-6)


def test_labels_enter_the_generator_beside_the_latents_and_leave_the_discriminator_beside_the_score():
    network = TINY._replace(label_size=3)
    generator = weights_of(variables.generator_shapes(network))
    assert generator["4x4/Dense/weight"].shape == (latent_size(network) + 3, 128)
    inputs = np.random.RandomState(1).standard_normal((4, latent_size(network) + 3)).astype(np.float32)
    images = images_of(network, generator, inputs, 0)
    inputs[:, -3:] = 0
    assert np.abs(images - images_of(network, generator, inputs, 0)).max() > 1e-3
    discriminator = weights_of(variables.discriminator_shapes(network))
    scores, labels = networks.discriminator(network, discriminator, images, 0, 0.0)
    assert scores.shape == (4, 1) and labels.shape == (4, 3)


@pytest.mark.parametrize("change", [
    {"use_wscale": False}, {"use_pixelnorm": False}, {"use_leakyrelu": False}, {"normalize_latents": False},
    {"pixelnorm_epsilon": 0.5}])
def test_every_switch_of_the_generator_has_an_effect(change):
    weights = weights_of(variables.generator_shapes(TINY))
    latents = np.random.RandomState(1).standard_normal((2, 8)).astype(np.float32)
    changed = images_of(TINY._replace(**change), weights, latents, 0)
    assert np.abs(changed - images_of(TINY, weights, latents, 0)).max() > 1e-3


def test_widths_are_truncated_not_rounded():
    network = Network(128, fmap_base=100, fmap_max=32)
    assert [width(network, stage) for stage in range(7)] == [32, 32, 25, 12, 6, 3, 1]


def test_scales():
    root = np.sqrt
    for name, shape, scale in [
            ("4x4/Dense/weight", (512, 8192), root(2) / 4 / root(512)), ("ToRGB_lod0/weight", (1, 1, 16, 3), 1 / 4),
            ("8x8/Conv0_up/weight", (3, 3, 16, 32), root(2 / 288)), ("8x8/Conv1/weight", (3, 3, 16, 32), root(2 / 144)),
            ("4x4/Dense1/weight", (64, 1), 1 / 8), ("FromRGB_lod0/weight", (1, 1, 3, 16), root(2 / 3))]:
        assert variables.scale(name, shape) == np.float32(scale)
