"""Outputs, losses, gradients and an optimiser step against numbers of the published TensorFlow 1 programs."""

import numpy as np
import pytest
import tensorflow as tf

from attribution import layers, losses, networks
from attribution.optimizer import Adam
from tests.attribution import parity

CLASSIFIERS = ("classifier-32", "classifier-32-postpool16", "classifier-32-predown8")


@pytest.fixture
def case(tmp_path):
    return lambda name: parity.load(name, tmp_path / name)


def mean_gradients(tape, loss, variables):
    sums = tape.gradient(loss, list(variables.values()))
    return {name: gradient / len(loss) for name, gradient in zip(variables, sums, strict=True)}


def variables(weights, prefix=""):
    return {name[len(prefix):]: tf.Variable(value) for name, value in weights.items() if name.startswith(prefix)}


def assert_gradients(ours, expected, kind):
    for name, gradient in ours.items():
        parity.assert_near_by_norm(gradient, expected[f"{kind}/{name}"], 2e-5, name)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier_logits(case, name):
    description, settings, weights, expected = case(name)
    network = networks.classifier(settings, 32, len(description["labels"]))
    logits = layers.run(network, weights, parity.nhwc(expected["images"]))
    parity.assert_near(logits, expected["logits"], absolute=5e-6)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_logits_in_bfloat16_are_near(case, name):
    description, settings, weights, expected = case(name)
    network, inputs = networks.classifier(settings, 32, len(description["labels"])), parity.nhwc(expected["images"])
    rough = layers.run(network, weights, inputs, "bfloat16").numpy()
    parity.assert_near_by_norm(rough, expected["logits"], 0.02, name)
    assert (rough != layers.run(network, weights, inputs, "tf32").numpy()).any()


def test_classifier_loss_gradients_and_step(case):
    _, settings, weights, expected = case("classifier-32")
    weights = variables(weights)
    with tf.GradientTape() as tape:
        logits = layers.run(networks.classifier(settings, 32, 5), weights, parity.nhwc(expected["images"]))
        loss = losses.cross_entropy(logits, expected["labels"])
    parity.assert_near(loss, expected["loss"], relative=5e-6)
    assert_gradients(mean_gradients(tape, loss, weights), expected, "lossgrad")
    Adam(weights, settings).apply({name: tf.constant(expected[f"lossgrad/{name}"]) for name in weights})
    for name, variable in weights.items():
        parity.assert_near(variable, expected[f"after/{name}"], absolute=5e-7, name=name)


def test_visnet_outputs(case):
    _, settings, weights, expected = case("visnet-32")
    images, network = parity.nhwc(expected["images"]), networks.autoencoder(settings, 32)
    recs, fingerprints, logits = layers.encode_and_compare(network, variables(weights, "EGs/"), images)
    parity.assert_near(recs, parity.nhwc(expected["recs"]), absolute=1e-5)
    parity.assert_near(fingerprints, parity.nhwc(expected["fingerprints"]), absolute=1e-5)
    parity.assert_near(logits, expected["logits"], absolute=1e-5)


def test_critic_scores_depend_on_the_strided_groups(case):
    _, settings, weights, expected = case("visnet-32")
    network, weights = networks.critic(settings, 32), variables(weights, "D_rec/")
    images = parity.nhwc(expected["images"])
    parity.assert_near(layers.run(network, weights, images), expected["d_rec_scores"][:, :, 0, 0], absolute=2e-6)
    other_groups = layers.run(network, weights, images[[0, 4, 1, 5, 2, 6, 3, 7]]).numpy()
    assert np.abs(other_groups[[0, 2, 4, 6, 1, 3, 5, 7]] - expected["d_rec_scores"][:, :, 0, 0]).max() > 1e-4


def test_autoencoder_loss_and_gradients(case):
    _, settings, weights, expected = case("visnet-32")
    encoder, critic = variables(weights, "EG/"), variables(weights, "D_rec/")
    images = parity.nhwc(expected["images"])
    with tf.GradientTape() as tape:
        recs, _, logits = layers.encode_and_compare(networks.autoencoder(settings, 32), encoder, images)
        scores = layers.run(networks.critic(settings, 32), critic, recs)
        loss = losses.autoencoder_loss(images, recs, logits, expected["labels"], scores, settings)
    parity.assert_near(logits, expected["eg_logits"], absolute=1e-5)
    parity.assert_near(loss, expected["eg_loss"], relative=2e-6)
    assert_gradients(mean_gradients(tape, loss, encoder), expected, "eg_lossgrad")


def test_critic_loss_and_second_order_gradients(case):
    _, settings, weights, expected = case("visnet-32")
    images, network = parity.nhwc(expected["images"]), networks.critic(settings, 32)
    recs = layers.run(networks.autoencoder(settings, 32), variables(weights, "EG/"), images)
    critic = variables(weights, "D_rec/")
    with tf.GradientTape() as tape:
        loss = losses.critic_loss(lambda points: layers.run(network, critic, points), images, recs,
                                  expected["mixing"], settings)
    parity.assert_near(loss, expected["d_rec_loss"], relative=1e-5)
    assert_gradients(mean_gradients(tape, loss, critic), expected, "d_rec_lossgrad")
