"""The schedule of a training, and what its steps draw."""

from functools import partial

import numpy as np
import pytest
import torch

from sources.cramer_mmd import cramergan, device, mmdgan, networks, trainer

TINY = {"generator_width": 1, "discriminator_width": 1, "features": 3, "minibatch": 2, "latent_size": 3,
        "discriminator_steps": 2, "first_discriminator_steps": 3}


@pytest.fixture(params=[cramergan, mmdgan], ids=lambda gan: gan.NAME)
def tiny(request):
    """A Trainer of tiny networks."""
    settings = request.param.PUBLISHED._replace(**TINY)
    return trainer.Trainer(settings, 32, 0, torch.device("cpu"), request.param)


class Batches:
    """Batches that note which were asked for."""

    def __init__(self):
        self.asked = []

    def __getitem__(self, number):
        self.asked.append(number)
        return np.random.RandomState(number).randint(0, 256, (2, 32, 32, 3)).astype(np.uint8)


def test_the_first_20_rounds_and_every_500th_have_their_own_number_of_steps(tiny):
    assert [tiny.steps_of(number) for number in (0, 19, 20, 499, 500, 501, 1000)] == [3, 3, 2, 2, 3, 2, 3]


def test_a_round_is_steps_of_the_discriminator_and_then_one_of_the_generator(tiny):
    batches = Batches()
    tiny.step(0, batches)
    assert batches.asked == [0, 1, 2, 3]
    assert (tiny.discriminator.count, tiny.generator.count) == (3, 1)


def test_steps_are_counted_over_rounds_of_different_lengths(tiny):
    starts = [tiny._first_step(number) for number in range(1003)]
    lengths = [tiny.steps_of(number) + 1 for number in range(1003)]
    assert starts == [sum(lengths[:number]) for number in range(1003)]


def test_a_step_of_one_network_leaves_the_other_as_it_is(tiny):
    before = tiny.weights()
    tiny._generator_step(0, Batches()[0])
    changed = {name.split("/")[0] for name, value in tiny.weights().items() if not np.array_equal(value, before[name])}
    assert changed == {"generator"}


def test_the_state_brings_everything_back(tiny):
    tiny.step(0, Batches())
    state = tiny.state()
    first = tiny.step(1, Batches())
    expected = tiny.weights()
    tiny.restore(state)
    assert tiny.step(1, Batches()) == first
    for name, value in tiny.weights().items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)


def test_batches_that_were_brought_to_the_device_give_the_same_bits(tiny):
    class Brought:
        def __getitem__(self, number):
            return tiny.bring(Batches()[number])

    state = tiny.state()
    losses, weights = tiny.step(0, Batches()), tiny.weights()
    tiny.restore(state)
    assert isinstance(Brought()[0], torch.Tensor) and tiny.step(0, Brought()) == losses
    for name, value in tiny.weights().items():
        np.testing.assert_array_equal(value, weights[name], err_msg=name)


def test_the_published_settings():
    cramer, mmd = cramergan.PUBLISHED, mmdgan.PUBLISHED
    assert (cramer.features, cramer.penalty, cramer.l2_penalty) == (256, 10, 0)
    assert (mmd.features, mmd.penalty, mmd.l2_penalty) == (16, 1, 1)
    assert cramer._replace(features=16, penalty=1.0, l2_penalty=1.0) == mmd
    assert (mmd.minibatch, mmd.learning_rate, mmd.beta1, mmd.beta2, mmd.rounds) == (32, 1e-4, 0.5, 0.9, 150001)


@pytest.mark.parametrize(("width", "gain", "alive"), [(64, 1, True), (8, 1, False), (8, 2.83, True)])
def test_a_narrow_discriminator_needs_a_gain_to_teach_the_generator(width, gain, alive):
    """Else its features differ so little that MMDGAN's kernels cancel in float32: rounding is left."""
    settings = mmdgan.PUBLISHED._replace(
        generator_width=2, discriminator_width=width, discriminator_gain=gain)
    made = trainer.Trainer(settings, 32, 0, torch.device("cpu"), mmdgan)
    computed, exact = (_generator_gradient(made, kind) for kind in (torch.float32, torch.float64))
    assert exact.norm() > 0
    assert (torch.nn.functional.cosine_similarity(computed, exact, 0) > 0.99) == alive


def _generator_gradient(made, kind):
    """The gradient of the generator's loss before the first step, flat, computed as `kind`."""
    generator, discriminator = (
        {name: value.detach().to(kind).requires_grad_() for name, value in part.variables.items()}
        for part in (made.generator, made.discriminator))
    random = np.random.RandomState(0)
    real = torch.from_numpy(random.uniform(0, 1, (16, 32, 32, 3)) ** 2).to(kind)
    latents = torch.from_numpy(random.uniform(-1, 1, (16, 100))).to(kind)
    fakes = [networks.generator(generator, latents)]
    loss = trainer.generator_loss(mmdgan, partial(networks.discriminator, discriminator), real, fakes)
    gradients = torch.autograd.grad(loss, list(generator.values()))
    return torch.cat([gradient.flatten().double() for gradient in gradients])


@pytest.mark.parametrize(("precision", "allowed"), [("float32", False), ("tf32", True), ("bfloat16", False)])
def test_tf32_is_used_where_it_is_asked_for_alone(precision, allowed):
    """PyTorch's convolutions would use it unasked."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = not allowed
    device.choose("cpu", precision)
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == (allowed, allowed)
    device.choose("cpu")


@pytest.mark.parametrize("gan", [cramergan, mmdgan], ids=lambda gan: gan.NAME)
def test_gradients_in_bfloat16_point_where_those_in_float32_do(gan):
    """At a quarter of the width; at the published one the least cosine was 0.983 (MMDGAN's generator, 16 images)."""
    exact, rough = (_first_gradients(gan, precision) for precision in ("float32", "bfloat16"))
    for one, other in zip(exact, rough, strict=True):
        assert one.dtype == other.dtype == torch.float32 and not torch.equal(one, other)
        assert torch.nn.functional.cosine_similarity(one, other, 0) > 0.98
        assert 0.98 < other.norm() / one.norm() < 1.02


def _first_gradients(gan, precision):
    """Those of the generator's and of the discriminator's loss before the first step, each flat."""
    made = trainer.Trainer(gan.PUBLISHED._replace(
        precision=precision, minibatch=8, generator_width=16, discriminator_width=16, discriminator_gain=2.0),
        32, 0, torch.device("cpu"), gan)
    random = np.random.RandomState(0)
    real = made._real((random.uniform(0, 16, (8, 32, 32, 3)) ** 2).astype(np.uint8))
    fakes = made._fakes(random)
    fixed, mixing = [fake.detach() for fake in fakes], torch.rand(8, 1, 1, 1, generator=torch.manual_seed(0))
    terms = trainer.discriminator_terms(gan, made._discriminate, made._image_gradient, real, fixed, mixing)
    for loss, part in ((trainer.generator_loss(gan, made._discriminate, real, fakes), made.generator),
                       (trainer.weighted(terms, made.settings), made.discriminator)):
        yield torch.cat([each.flatten() for each in torch.autograd.grad(loss, list(part.variables.values()))])
