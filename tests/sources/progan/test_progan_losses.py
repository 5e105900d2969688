"""The losses: the published numbers and gradients, and known answers."""

import numpy as np
import pytest
import tensorflow as tf

from sources.progan import losses, networks


@pytest.fixture(scope="module")
def results(case):
    """Losses and gradients at lod 0, computed as a training step does."""
    generator, discriminator = ({name: tf.constant(value) for name, value in part.items() if name != "lod"}
                                for part in (case.generator, case.discriminator))
    reals, mixing = tf.constant(case.numbers["d_images"]), tf.constant(case.numbers["mixing"])

    def critic(*batches):
        return [networks.discriminator(case.network, discriminator, images, 0, 0.0)[0][:, 0] for images in batches]

    with tf.GradientTape(persistent=True) as tape:
        tape.watch((generator, discriminator))
        fakes = networks.generator(case.network, generator, tf.constant(case.numbers["latents"]), 0, 0.0)
        g_loss = losses.generator_loss(critic, fakes)
        d_loss = losses.discriminator_loss(critic, reals, fakes, mixing, 10.0, 0.001)
        g_mean, d_mean = tf.reduce_mean(g_loss), tf.reduce_mean(d_loss)
    return {"g_loss": g_loss, "d_loss": d_loss, "g_gradients": tape.gradient(g_mean, generator),
            "d_gradients": tape.gradient(d_mean, discriminator)}


def test_published_losses(case, results):
    np.testing.assert_allclose(results["g_loss"], case.numbers["g_loss"][:, 0], rtol=1e-5)
    np.testing.assert_allclose(results["d_loss"], case.numbers["d_loss"], rtol=1e-5)
    np.testing.assert_allclose(np.mean(results["d_loss"]), np.mean(case.numbers["d_loss_matrix"]), rtol=1e-5)


@pytest.mark.parametrize("part", ["g", "d"])
def test_published_gradients(case, results, part):
    gradients = results[part + "_gradients"]
    assert len(gradients) == sum(name.startswith(part + "_lossgrad/") for name in case.numbers)
    for name, gradient in gradients.items():
        expected = case.numbers["%s_lossgrad/%s" % (part, name)]
        if gradient is None:
            assert not expected.any(), name
        else:
            distance = np.linalg.norm(gradient.numpy() - expected)
            assert distance <= 1e-3 * np.linalg.norm(expected), (name, distance)


def test_gradient_norms_of_a_plane():
    """The slope of a plane is its normal, everywhere and for each image."""
    normal = np.random.RandomState(0).standard_normal((8, 8, 3)).astype(np.float32)
    norms = losses.gradient_norms(lambda images: [tf.reduce_sum(images * normal, (1, 2, 3))], tf.zeros((5, 8, 8, 3)))
    np.testing.assert_allclose(norms, np.full(5, np.linalg.norm(normal)), rtol=1e-6)


def test_discriminator_loss_of_a_plane():
    """D(x) = 2 x: fake 3, real 1, slope 2: 6 - 2 + 10 (2 - 1)^2 + 0.5 * 4 = 16."""
    def critic(*batches):
        return [2 * images[:, 0, 0, 0] for images in batches]

    reals, fakes = tf.ones((1, 1, 1, 1)), tf.fill((1, 1, 1, 1), 3.0)
    assert losses.discriminator_loss(critic, reals, fakes, tf.zeros((1, 1, 1, 1)), 10.0, 0.5).numpy() == [16.0]
    assert losses.generator_loss(critic, fakes).numpy() == [-6.0]


def test_the_mixing_point_lies_between_real_and_fake():
    seen = []

    def critic(*batches):
        seen.extend(images.numpy().ravel().tolist() for images in batches)
        return [images[:, 0, 0, 0] for images in batches]

    mixing = tf.constant([0.0, 0.25, 1.0], shape=(3, 1, 1, 1))
    losses.discriminator_loss(critic, tf.zeros((3, 1, 1, 1)), tf.ones((3, 1, 1, 1)), mixing, 10.0, 0.001)
    assert [0.0, 0.25, 1.0] in seen
