"""The lists of layers: names and shapes of every published form, and the layers that no fixture tells apart."""

import numpy as np
import pytest
import tensorflow as tf

from attribution import layers, losses, networks
from attribution.optimizer import Adam
from attribution.settings import PUBLISHED, Settings, check_sizes, from_config
from sources.contract.errors import BadInput

SMALL = Settings(fmap_base=128, fmap_max=32)


def weights_of(network, extra=()):
    random = np.random.RandomState(0)
    return {name: tf.constant(random.standard_normal(shape).astype(np.float32))
            for name, shape in {**networks.variables(network), **dict(extra)}.items()}


def images(count, size):
    return np.random.RandomState(1).uniform(-1, 1, (count, size, size, 3)).astype(np.float32)


def test_published_classifier_has_the_published_variables():
    shapes = networks.variables(networks.classifier(PUBLISHED["classifier"], 128, 5))
    assert shapes["128x128/Conv0/weight"] == (3, 3, 3, 16)
    assert shapes["8x8/Conv1/weight"] == (3, 3, 256, 512)
    assert shapes["4x4/Dense1/weight"] == (8192, 512)
    assert shapes["4x4/Dense2/weight"] == (512, 5)
    assert len(shapes) == 2 * (5 * 2 + 3)


def test_widths_are_truncated_not_rounded():
    shapes = networks.variables(networks.classifier(Settings(fmap_base=100, fmap_max=512), 32, 5))
    assert [shapes[f"{name}/bias"] for name in ("32x32/Conv0", "32x32/Conv1", "8x8/Conv0")] == [(6,), (12,), (25,)]


def test_hidden_layer_is_as_wide_as_the_labels():
    shapes = networks.variables(networks.classifier(Settings(fmap_base=8, fmap_max=8), 8, 11))
    assert shapes["4x4/Dense1/weight"] == (64, 11)


@pytest.mark.parametrize("size", [4, 8, 32])
def test_fully_convolutional_head_gives_a_map_of_logits(size):
    network = networks.classifier(SMALL._replace(latent_res=size), 32, 5)
    assert networks.variables(network)[f"{size}x{size}/Conv2/weight"][-1] == 5
    assert layers.run(network, weights_of(network), images(2, 32)).shape == (2, size, size, 5)


def test_predownscale_to_the_last_size_keeps_colours_until_the_head():
    network = networks.classifier(SMALL._replace(mode="predownscale", switching_res=4), 32, 5)
    assert networks.variables(network)["4x4/Conv0/weight"] == (3, 3, 3, 32)
    assert layers.run(network, weights_of(network), images(2, 32)).shape == (2, 5)


@pytest.mark.parametrize("latent_res", [-1, 4, 16])
def test_autoencoder_reconstructs_at_full_size(latent_res):
    network = networks.autoencoder(SMALL._replace(latent_res=latent_res, code_width=7), 32)
    weights = weights_of(network, {"Conv_fingerprints/weight": (32, 32, 3, 5)})
    reconstructions, fingerprints, logits = layers.encode_and_compare(network, weights, images(2, 32))
    assert np.abs(reconstructions).max() <= 1 and logits.shape == (2, 5)
    np.testing.assert_array_equal(images(2, 32) - reconstructions, fingerprints)


def test_dense_code_of_the_autoencoder_has_one_bias_per_channel():
    shapes = networks.variables(networks.autoencoder(SMALL._replace(latent_res=-1), 32))
    assert shapes["E_4x4/Dense1/weight"] == (512, 32)
    assert shapes["G_4x4/Dense0/weight"] == (32, 512) and shapes["G_4x4/Dense0/bias"] == (32,)
    assert "G_4x4/Conv0/weight" not in shapes


def test_dense_layers_see_channels_first():
    layer = networks.Dense("d", 8, 1, gain=np.sqrt(8), activation="linear")  # gain / sqrt(8 inputs) = 1
    features = np.zeros((1, 2, 2, 2), np.float32)
    features[0, 1, 0, 1] = 1  # row 1, column 0, channel 1: place 1 * 4 + 1 * 2 + 0
    weights = {"d/weight": tf.reshape(tf.range(8.0), (8, 1)), "d/bias": tf.zeros(1)}
    assert layers.run([layer], weights, features).numpy() == 6


@pytest.mark.parametrize("size, pixels", [(2, 1), (4, 2), (8, 1)])
def test_padding_reflects_and_so_do_its_gradients(size, pixels):
    def padded_and_gradients(pad):
        features = tf.constant(images(2, size))
        with tf.GradientTape() as outer:
            outer.watch(features)
            with tf.GradientTape() as tape:
                tape.watch(features)
                padded = pad(features)
                loss = tf.reduce_sum(padded ** 3)
            gradient = tape.gradient(loss, features)
        return padded, gradient, outer.gradient(gradient, features)

    edges = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
    expected = padded_and_gradients(lambda features: tf.pad(features, edges, "REFLECT"))
    for ours, theirs in zip(padded_and_gradients(lambda features: layers._reflect(features, pixels)), expected,
                            strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_kernels_that_are_ready_give_the_same_bits():
    network = networks.classifier(SMALL, 16, 5)
    weights = weights_of(network)
    ready = layers.fixed(network, weights)
    np.testing.assert_array_equal(layers.run(network, ready, images(2, 16)),
                                  layers.run(network, weights, images(2, 16)))
    ready["4x4/Conv0/kernel"] *= 0  # it is used: now nothing of an image is left
    assert np.ptp(layers.run(network, ready, images(2, 16)), axis=0).max() == 0


def test_binomial_filter_samples_even_pixels():
    impulse = np.zeros((1, 8, 8, 3), np.float32)
    impulse[0, 4, 4] = 256
    smaller = layers.run([networks.Binomial()], {}, impulse).numpy()[0, :, :, 0]
    assert smaller[2, 2] == 36 and smaller[1, 2] == smaller[2, 3] == 6 and smaller[3, 3] == 1
    assert smaller.sum() == 64


def residual_of(image):
    return layers.run([networks.Residual()], {}, np.float32(image)).numpy()


@pytest.mark.parametrize("size", [4, 8, 32])
def test_nothing_is_left_of_a_constant_image(size):
    assert np.abs(residual_of(np.full((2, size, size, 3), 0.7))).max() < 1e-6


@pytest.mark.parametrize("cycles, share", [(0.25, 0.005), (0.5, 0.02), (1, 0.079), (2, 0.282), (12, 1)])
def test_a_low_wave_comes_back_from_down_and_up_and_a_high_one_does_not(cycles, share):
    """The filter, twice along two axes, leaves cos^16 of half a wave's phase from pixel to pixel."""
    half = np.pi * cycles / 31
    assert share == pytest.approx(1 - np.cos(half) ** 16, abs=0.001)
    wave = np.cos(2 * half * np.arange(32))
    image = (wave[:, None] * wave)[None, :, :, None].repeat(3, axis=3)
    inside = np.s_[:, 4:-4, 4:-4]
    left = np.linalg.norm(residual_of(image)[inside]) / np.linalg.norm(image[inside])
    assert left == pytest.approx(share, abs=0.003)


def test_the_residual_of_a_point_is_that_of_the_filters_written_out():
    """Down gives the filter at even places; up spreads each of them by the filter, times 4."""
    impulse = np.zeros((1, 16, 16, 3))
    impulse[0, 8, 8] = 1
    row = np.zeros(16)
    for place, share in ((6, 1), (8, 6), (10, 1)):
        row[place - 2:place + 3] += np.array((1, 4, 6, 4, 1)) * share * 2 / 256
    expected = impulse - np.outer(row, row)[None, :, :, None]
    np.testing.assert_allclose(residual_of(impulse), expected, atol=1e-7)


def test_colours_do_not_mix_in_the_residual():
    image = images(1, 8)
    image[..., 1:] = 0.3
    assert np.abs(residual_of(image)[..., 1:]).max() < 1e-6 < np.abs(residual_of(image)[..., 0]).max()


def test_the_residual_is_taken_at_the_larger_resolution_and_convolved_from_there():
    """The paper's example 16/8: to 16 pixels, the band there, then stages from 16 pixels down."""
    network = networks.classifier(BAND._replace(switching_res=16), 32, 5)
    assert [type(layer) for layer in network[:3]] == [networks.Binomial, networks.Residual, networks.Conv]
    assert next(iter(networks.variables(network))) == "16x16/Conv0/weight"
    plain = networks.classifier(SMALL._replace(mode="predownscale", switching_res=16), 32, 5)
    assert networks.variables(network) == networks.variables(plain)
    assert [type(layer) for layer in plain[:2]] == [networks.Binomial, networks.Conv]


@pytest.mark.parametrize("size", [4, 8, 32])
def test_a_band_of_every_size_is_classified(size):
    network = networks.classifier(BAND._replace(switching_res=size), 32, 5)
    weights = weights_of(network)
    logits = layers.run(network, weights, images(2, 32))
    assert logits.shape == (2, 5)
    brighter = layers.run(network, weights, images(2, 32) + 0.25)  # a band knows no brightness
    np.testing.assert_allclose(brighter, logits, atol=1e-5)


def test_an_image_is_filtered_before_it_becomes_rough():
    """bfloat16 has 8 bits: a band computed of such an image would be its rounding errors."""
    rough = layers.run([networks.Residual()], {}, images(1, 8), precision="bfloat16")
    np.testing.assert_array_equal(rough, residual_of(images(1, 8)))


def test_the_average_of_a_constant_map_is_its_value():
    logits = tf.broadcast_to(tf.constant([1.0, -2.0, 3.0]), (4, 8, 8, 3))
    np.testing.assert_array_equal(layers.average(logits), [[1, -2, 3]] * 4)
    np.testing.assert_array_equal(layers.average(logits[:, 0, 0]), [[1, -2, 3]] * 4)


def test_the_head_of_the_paper_s_figure_is_wider_than_that_of_the_code():
    """64 pixels: 64x64x32, then 64x64x512, then a map of logits."""
    shapes = [networks.variables(networks.classifier(
        Settings(latent_res=64, head_width=width), 128, 5)) for width in (512, 0)]
    assert [shape["64x64/Conv1/weight"] for shape in shapes] == [(1, 1, 32, 512), (1, 1, 32, 32)]
    assert [shape["64x64/Conv2/weight"] for shape in shapes] == [(1, 1, 512, 5), (1, 1, 32, 5)]


@pytest.mark.parametrize("size, patch", [(32, 3), (16, 10), (8, 24)])
def test_a_place_of_the_map_sees_a_patch_and_no_more(size, patch):
    """The gradient of the logits of one place, well inside, is zero outside its patch."""
    network = networks.classifier(SMALL._replace(latent_res=size), 32, 2)
    weights, image = weights_of(network), tf.constant(images(1, 32))
    with tf.GradientTape() as tape:
        tape.watch(image)
        logits = layers.run(network, weights, image)[0, size // 2, size // 2, 0]
    rows = np.flatnonzero(np.abs(tape.gradient(logits, image).numpy()).sum(axis=(0, 2, 3)))
    assert rows.max() - rows.min() + 1 == patch


def test_reflection_does_not_repeat_the_edge():
    layer = networks.Conv("c", 3, 1, 1, gain=3, activation="linear")  # gain / sqrt(9) = 1
    weights = {"c/weight": tf.ones((3, 3, 1, 1)), "c/bias": tf.zeros(1)}
    ramp = np.arange(4, dtype=np.float32).reshape(1, 1, 4, 1).repeat(4, axis=1)
    assert layers.run([layer], weights, ramp).numpy()[0, 0, :, 0].tolist() == [6, 9, 18, 21]


def test_cross_entropy_of_equal_logits_is_the_logarithm_of_their_number():
    np.testing.assert_allclose(losses.cross_entropy(tf.zeros((2, 5)), tf.one_hot([0, 3], 5)), np.log(5), rtol=1e-6)


def test_adam_leaves_out_a_step_that_is_not_finite():
    variables = {"a": tf.Variable([1.0, 2.0]), "b": tf.Variable([3.0])}
    adam = Adam(variables, PUBLISHED["classifier"])
    adam.apply({"a": tf.constant([1.0, np.nan]), "b": tf.constant([1.0])})
    assert variables["a"].numpy().tolist() == [1, 2] and variables["b"].numpy() == 3 and adam.count.numpy() == 0
    adam.apply({"a": tf.constant([1.0, -1e-9]), "b": tf.constant([0.0])})
    first, tiny = 0.001 * 0.1 / (0.1 + 1e-8), 0.001 * 0.1 * 1e-9 / (0.1e-9 + 1e-8)  # epsilon on the uncorrected root
    np.testing.assert_allclose(variables["a"], [1 - first, 2 + tiny], rtol=1e-7)


@pytest.mark.parametrize("difference, words", [
    ({"netwrok": "visnet"}, "did you mean network?"),
    ({"network": "resnet"}, "setting network"),
    ({"mode": "postpol"}, "setting mode"),
    ({"precision": "float16"}, "setting precision"),
    ({"mode": "residual"}, "setting mode"),
    ({"head_width": -1}, "setting head_width"),
    ({"network": "visnet", "minibatch": 6}, "multiples of 4"),
    ({"validate_every": 0}, "setting validate_every"),
])
def test_settings_that_cannot_be(difference, words):
    with pytest.raises(BadInput, match=words):
        from_config(difference)


BAND = SMALL._replace(mode="predownscale_residual")


@pytest.mark.parametrize("settings, resolution", [
    (SMALL, 24), (SMALL, 2), (SMALL._replace(latent_res=64), 32),
    *[(BAND._replace(switching_res=size), 32) for size in (2, 12, 64)],
    (BAND._replace(switching_res=8, latent_res=16), 32)])
def test_sizes_that_cannot_be(settings, resolution):
    with pytest.raises(BadInput):
        check_sizes(settings, resolution)


def test_no_channels_left():
    with pytest.raises(BadInput, match="no channels are left at 32 pixels"):
        networks.classifier(Settings(fmap_base=8), 32, 5)
