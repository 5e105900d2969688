"""SNGAN against numbers computed by the published implementation (tests/fixtures/parity). Python 2.7 and 3.

On the CPU, or where GANFP_TEST_DEVICE says.
"""

import json
import os

import chainer
import numpy as np
import pytest
from chainer.backends import cuda

from sources.contract import arrays
from sources.sngan import device, losses, model
from sources.sngan.networks import Discriminator, Generator
from sources.sngan.settings import PUBLISHED
from sources.sngan.trainer import Trainer

CASE = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "parity", "sngan-128-ch4")
SIZE, WIDTH, LATENTS, CLASSES = 128, 4, 16, 1


@pytest.fixture(scope="module")
def described():
    """case.json."""
    with open(os.path.join(CASE, "case.json")) as stream:
        return json.load(stream)


@pytest.fixture(scope="module")
def stored():
    """io.npz."""
    return arrays.load(os.path.join(CASE, "io.npz"))


@pytest.fixture(params=["plain", "as chosen"])
def where(request):
    """The plain CPU, and what `device.choose` takes here: iDeep, where it is installed; or a GPU alone."""
    chainer.global_config.use_ideep = "never"
    wish = os.environ.get("GANFP_TEST_DEVICE", "cpu")
    if request.param == "plain" and wish != "cpu":
        pytest.skip("the GPU is asked for")
    return "cpu" if request.param == "plain" else device.choose(wish)


@pytest.fixture
def generator(where):
    """The generator of the case."""
    network = Generator(SIZE, WIDTH, LATENTS, CLASSES, 4)
    model.load(network, arrays.load(os.path.join(CASE, "generator.npz")))
    return device.place(network, where)


@pytest.fixture
def discriminator(where):
    """The discriminator of the case."""
    network = Discriminator(SIZE, WIDTH, CLASSES)
    model.load(network, arrays.load(os.path.join(CASE, "discriminator.npz")))
    return device.place(network, where)


def close(found, expected, tolerance=1e-4):
    """Nowhere further apart than `tolerance`."""
    np.testing.assert_allclose(host(found), expected, rtol=0, atol=tolerance)


def relative(found, expected):
    """The distance over the length of what is expected."""
    return np.linalg.norm(host(found) - expected) / np.linalg.norm(expected)


def host(array):
    """An array as one of NumPy, from wherever it is."""
    return np.asarray(cuda.to_cpu(array))


def beside(network, array):
    """An array of NumPy where a network is."""
    return network.xp.asarray(array)


def below(stored, prefix):
    """{key: array} of a group of the case."""
    return dict((name[len(prefix):], value) for name, value in stored.items() if name.startswith(prefix))


def test_the_latents_are_those_of_the_published_script(described, stored):
    drawn = np.random.RandomState(described["seeds"]["z_seed"]).randn(6, LATENTS).astype(np.float32)
    assert (drawn == stored["z"]).all()


def test_images_with_running_statistics(generator, stored):
    with chainer.using_config("train", False):
        images = generator(beside(generator, stored["z"])).array
    close(images[:3], stored["images_test"])
    difference = np.abs(model.to_uint8(host(images), "published").astype(int) - stored["images_uint8"])
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 1e-3 * difference.size


def test_a_category_that_is_named_gives_the_same_images_as_none(generator, stored):
    with chainer.using_config("train", False):
        inputs = [beside(generator, array) for array in (stored["z"], np.zeros(6, np.int32))]
        close(generator(*inputs).array[:3], stored["images_test"])


def test_images_with_the_statistics_of_the_batch_which_move_the_running_ones(generator, stored):
    close(generator(beside(generator, stored["z"])).array[:2], stored["images_train"])
    values = model.save(generator)
    for key, expected in below(stored, "bn_after_train/").items():
        assert relative(values[key], expected) < 1e-4, key


@pytest.mark.parametrize("labels,train,name,after", [
    (None, False, "d_scores_no_label", "u_after_test/"), (0, False, "d_scores_label0", None),
    (None, True, "d_scores_train", "u_after_train/")])
def test_scores_and_what_becomes_of_u(discriminator, stored, labels, train, name, after):
    y = None if labels is None else beside(discriminator, np.zeros(6, np.int32))
    with chainer.using_config("train", train):
        close(discriminator(beside(discriminator, stored["d_images"]), y).array, stored[name])
    if after:
        values = model.save(discriminator)
        for key, expected in below(stored, after).items():
            close(values[key if key.endswith("/u") else key + "/u"], expected, 1e-5)


def test_the_generators_loss_and_gradients(generator, discriminator, stored, described):
    fake = discriminator(generator(beside(generator, stored["z"])))
    close(fake.array, stored["gen_step_scores_fake"])
    loss = losses.generator_loss(fake)
    assert abs(float(loss.array) / float(stored["loss_gen"]) - 1) < 1e-4
    generator.cleargrads()
    loss.backward()
    gradients = dict((path[1:], parameter.grad) for path, parameter in generator.namedparams())
    for key, expected in below(stored, "grad_loss_gen/").items():
        if key not in described["zero_gradient"]["grad_loss_gen"]:
            assert relative(gradients[key], expected) < 1e-3, key


def test_the_discriminators_loss_gradients_and_step(generator, discriminator, stored):
    optimizer = chainer.optimizers.Adam(PUBLISHED.alpha, PUBLISHED.beta1, PUBLISHED.beta2).setup(discriminator)
    images = generator(beside(generator, stored["z"])).array
    real = discriminator(beside(discriminator, stored["d_images"]))
    fake = discriminator(images)
    close(real.array, stored["dis_step_scores_real"])
    close(fake.array, stored["dis_step_scores_fake"])
    loss = losses.discriminator_loss(real, fake)
    assert abs(float(loss.array) / float(stored["loss_dis"]) - 1) < 1e-4
    discriminator.cleargrads()
    loss.backward()
    parameters = dict((path[1:], parameter) for path, parameter in discriminator.namedparams())
    for key, expected in below(stored, "grad_loss_dis/").items():
        assert relative(parameters[key].grad, expected) < 1e-3, key
    optimizer.update()
    for key, expected in below(stored, "dis_after_adam/").items():
        assert relative(parameters[key].array, expected) < 1e-3, key
    values = model.save(discriminator)
    for key, expected in below(stored, "u_after_dis_step/").items():
        close(values[key if key.endswith("/u") else key + "/u"], expected, 1e-5)


class Rolled(object):
    """The real batches of the case's whole iteration, given as the trainer takes them."""

    def __init__(self, images):
        self.images = images

    def __getitem__(self, number):
        return np.roll(self.images, 8 * number, axis=3)


def test_a_whole_iteration(generator, discriminator, stored, described, where, monkeypatch):
    """One step of the generator, five of the discriminator, with the case's own latents and real images."""
    settings = PUBLISHED._replace(width=WIDTH, latent_size=LATENTS, minibatch=6)
    trainer = Trainer(settings, SIZE, 0, where)
    trainer.generator, trainer.discriminator = generator, discriminator
    trainer._optimizers = dict((name, trainer._optimizer(network)) for name, network in trainer._networks().items())
    latents = iter(stored["iteration/z"])
    monkeypatch.setattr(trainer, "_latents", lambda random, count: beside(generator, next(latents)))
    monkeypatch.setattr(trainer, "_real", lambda random, batch: beside(discriminator, batch))
    found = trainer.step(0, Rolled(stored["d_images"]))
    assert abs(float(found["generator"]) / float(stored["iteration/loss_gen"]) - 1) < 1e-4
    assert abs(float(found["discriminator"]) / float(stored["iteration/loss_dis"][-1]) - 1) < 1e-3
    values = model.save(generator)
    for key, expected in below(stored, "iteration/gen/").items():
        if key not in described["zero_gradient"]["grad_loss_gen"]:
            assert relative(values[key], expected) < 5e-3, key
    values = model.save(discriminator)
    for key, expected in below(stored, "iteration/dis/").items():
        assert relative(values[key], expected) < 5e-3, key
