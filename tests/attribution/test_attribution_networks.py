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


def test_binomial_filter_samples_even_pixels():
    impulse = np.zeros((1, 8, 8, 3), np.float32)
    impulse[0, 4, 4] = 256
    smaller = layers.run([networks.Binomial()], {}, impulse).numpy()[0, :, :, 0]
    assert smaller[2, 2] == 36 and smaller[1, 2] == smaller[2, 3] == 6 and smaller[3, 3] == 1
    assert smaller.sum() == 64


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
    ({"latent_res": 8}, "setting latent_res"),
    ({"network": "visnet", "minibatch": 6}, "multiples of 4"),
    ({"validate_every": 0}, "setting validate_every"),
])
def test_settings_that_cannot_be(difference, words):
    with pytest.raises(BadInput, match=words):
        from_config(difference)


@pytest.mark.parametrize("settings, resolution", [(SMALL, 24), (SMALL, 2), (SMALL._replace(latent_res=64), 32)])
def test_sizes_that_cannot_be(settings, resolution):
    with pytest.raises(BadInput):
        check_sizes(settings, resolution)


def test_no_channels_left():
    with pytest.raises(BadInput, match="no channels are left at 32 pixels"):
        networks.classifier(Settings(fmap_base=8), 32, 5)
