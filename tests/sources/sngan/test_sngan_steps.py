"""Known answers of a training: schedule, noise, losses, what a step changes. Python 2.7 and 3."""

import chainer
import numpy as np
import pytest
from chainer import Variable

from sources.sngan import losses, model
from sources.sngan.settings import PUBLISHED
from sources.sngan.trainer import Trainer

TINY = PUBLISHED._replace(
    width=2, latent_size=5, minibatch=4, discriminator_steps=2, iterations=100, decay_from=80
)


class Batches(object):
    """Batches that note which were asked for."""

    def __init__(self):
        self.asked = []

    def __getitem__(self, number):
        self.asked.append(number)
        return np.random.RandomState(number).randint(0, 256, (4, 32, 32, 3)).astype(np.uint8)


@pytest.fixture
def trainer():
    """A Trainer of tiny networks on the plain CPU."""
    chainer.global_config.use_ideep = "never"
    return Trainer(TINY, 32, 0, "cpu")


def changed(before, after):
    """The names of what is not the same."""
    return set(name for name in before if (before[name] != after[name]).any())


@pytest.mark.parametrize(
    "number,share", [(0, 1), (80, 1), (81, 0.95), (90, 0.5), (99, 0.05), (100, 0)]
)
def test_the_step_size_is_constant_and_then_falls_on_a_line_to_nought(trainer, number, share):
    assert trainer.alpha(number) == pytest.approx(2e-4 * share, abs=1e-12)


def test_a_step_takes_the_step_size_of_its_iteration(trainer):
    trainer.step(90, Batches())
    assert [optimizer.hyperparam.alpha for optimizer in trainer._optimizers.values()] == [
        pytest.approx(1e-4)
    ] * 2


def test_a_published_training_is_150000_iterations_the_last_30000_of_falling_steps():
    assert (PUBLISHED.steps, PUBLISHED.decay_from, PUBLISHED.discriminator_steps) == (
        150000,
        120000,
        5,
    )
    assert (PUBLISHED.alpha, PUBLISHED.beta1, PUBLISHED.beta2, PUBLISHED.minibatch) == (
        2e-4,
        0,
        0.9,
        32,
    )


@pytest.mark.parametrize("value", [0, 1, 127, 128, 255])
def test_the_noise_spreads_a_value_over_its_128th(trainer, value):
    """Chance may come near the ends of the range, and never beyond them."""
    images = np.full((2, 32, 32, 3), value, np.uint8)
    seen = trainer._real(np.random.RandomState(0), images)
    assert seen.shape == (2, 3, 32, 32) and seen.dtype == np.float32
    low = value / 128.0 - 1
    assert (
        low <= seen.min() < low + 0.0001
        and low + 1 / 128.0 - 0.0001 < seen.max() <= low + 1 / 128.0
    )
    assert seen.mean() == pytest.approx(low + 1 / 256.0, abs=2e-4)


def test_real_images_are_turned_to_channels_first_in_the_range_of_the_networks(trainer):
    images = np.zeros((1, 32, 32, 3), np.uint8)
    images[0, 2, 5, 1] = 255
    seen = trainer._real(np.random.RandomState(0), images)
    assert np.argwhere(seen > 0.9).tolist() == [[0, 1, 2, 5]]
    assert seen.min() >= -1 and seen.max() <= 1


def test_the_noise_is_not_the_same_for_every_value(trainer):
    seen = trainer._real(np.random.RandomState(0), np.zeros((4, 32, 32, 3), np.uint8))
    assert len(np.unique(seen)) > 0.9 * seen.size


def test_latents_are_standard_normal(trainer):
    latents = trainer._latents(np.random.RandomState(0), 4000)
    assert latents.shape == (4000, 5) and latents.dtype == np.float32
    np.testing.assert_allclose(latents.mean(0), 0, atol=0.06)
    np.testing.assert_allclose(latents.std(0), 1, atol=0.05)


@pytest.mark.parametrize("scores,loss", [([[1], [-1]], 0), ([[3], [5]], -4), ([[-2], [0]], 1)])
def test_the_generators_loss_is_minus_the_mean_score(scores, loss):
    assert float(losses.generator_loss(Variable(np.array(scores, "f"))).array) == loss


@pytest.mark.parametrize(
    "real,fake,loss",
    [(1, -1, 0), (7, -7, 0), (0, 0, 2), (0.25, -1, 0.75), (1, -0.25, 0.75), (-1, 1, 4)],
)
def test_the_discriminators_loss_counts_only_what_is_on_the_wrong_side_of_1(real, fake, loss):
    scores = [Variable(np.full((3, 1), value, "f")) for value in (real, fake)]
    assert float(losses.discriminator_loss(*scores).array) == pytest.approx(loss)


def test_a_step_is_one_of_the_generator_and_so_many_of_the_discriminator(trainer):
    batches = Batches()
    trainer.step(3, batches)
    assert batches.asked == [6, 7] and trainer.images_in(3) == 8
    assert [trainer._optimizers[name].t for name in ("generator", "discriminator")] == [1, 2]


@pytest.mark.parametrize(
    "part,step",
    [
        ("generator", lambda trainer, random: trainer._generator_step(random)),
        (
            "discriminator",
            lambda trainer, random: trainer._discriminator_step(random, Batches()[0]),
        ),
    ],
)
def test_a_step_of_one_network_trains_no_weight_of_the_other(trainer, part, step):
    """Statistics and the vectors u move whenever a network is used in training."""
    before = trainer.weights()
    step(trainer, np.random.RandomState(0))
    moved = changed(before, trainer.weights())
    trained = set(
        name for name in moved if name.split("/")[-1] not in ("avg_mean", "avg_var", "N", "u")
    )
    assert trained and set(name.split("/")[0] for name in trained) == set([part])


def test_the_state_brings_everything_back(trainer):
    trainer.step(0, Batches())
    state = trainer.state()
    trainer.step(1, Batches())
    expected = trainer.weights()
    other = Trainer(TINY, 32, 1, "cpu")
    other.seed = 0
    other.restore(state)
    other.step(1, Batches())
    assert changed(expected, other.weights()) == set()


def test_seeds_differ_and_the_same_one_does_not(trainer):
    first = trainer.weights()
    assert changed(first, Trainer(TINY, 32, 0, "cpu").weights()) == set()
    assert "generator/l1/W" in changed(first, Trainer(TINY, 32, 1, "cpu").weights())


def test_previews_are_of_the_same_latents_and_show_what_training_changes(trainer):
    first = trainer.preview(4)
    assert first.shape == (4, 32, 32, 3) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, trainer.preview(4))
    np.testing.assert_array_equal(first[:2], trainer.preview(2))
    trainer.step(0, Batches())
    assert (trainer.preview(4) != first).any()


@pytest.mark.parametrize(
    "value,published,rounded",
    [
        (-1, 0, 0),
        (1, 255, 255),
        (0, 127, 128),
        (-1.5, 0, 0),
        (1.5, 255, 255),
        (0.999, 254, 255),
        (-0.999, 0, 0),
    ],
)
def test_values_become_bytes(value, published, rounded):
    images = np.full((1, 3, 1, 1), value, np.float32)
    assert (model.to_uint8(images, "published") == published).all()
    assert (model.to_uint8(images, "round") == rounded).all()
