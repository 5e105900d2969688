"""CramerGAN and MMDGAN against numbers computed by the published implementation (tests/fixtures/parity).

On the CPU, or where GANFP_TEST_DEVICE says.
"""

import json
import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from sources.contract import models
from sources.cramer_mmd import cramergan, device, import_, losses, mmdgan, networks, optimizer, tensorbundle, trainer
from sources.cramer_mmd.model import to_uint8

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "parity"
PLACE = device.choose(os.environ.get("GANFP_TEST_DEVICE", "cpu"))
CASES = {"cramergan-32": cramergan, "mmdgan-32": mmdgan}


class Case:
    """One case: its inputs and outputs, and both networks."""

    def __init__(self, name):
        self.critic = CASES[name]
        self.described = json.loads((FIXTURES / name / "case.json").read_text())
        with np.load(FIXTURES / name / "io.npz") as stored:
            self.stored = dict(stored)
        weights = tensorbundle.read(import_.find(str(FIXTURES / name)))
        self.generator, self.discriminator = (
            {key: torch.tensor(value, requires_grad=True, device=PLACE)
             for key, value in models.part(weights, which).items() if "moving_" not in key}
            for which in ("generator", "discriminator"))
        self.discriminate = partial(networks.discriminator, self.discriminator)
        self.image_gradient = partial(networks.image_gradient, self.discriminator)
        self.settings = self.critic.PUBLISHED

    def tensor(self, name):
        """A stored array."""
        return torch.from_numpy(self.stored[name]).to(PLACE)

    def fakes(self):
        """The batches of fakes that this critic takes."""
        return [networks.generator(self.generator, self.tensor(name))
                for name in ("z", "z2")[:self.critic.FAKES]]

    def terms(self):
        """Loss and penalties of the discriminator."""
        fakes = [fake.detach() for fake in self.fakes()]
        return trainer.discriminator_terms(self.critic, self.discriminate, self.image_gradient,
                                           self.tensor("real"), fakes, self.tensor("alpha"))

    def compare(self, prefix, network, arrays, tolerance):
        """Every array below `prefix`, whole or every so-many-th element, by relative norm; returns how many."""
        compared = 0
        for name, array in arrays.items():
            full = network + name
            if full in self.described["g_zero_gradient_vars"]:
                continue
            stride = self.described["subsample_stride"].get(full)
            key = f"{prefix}/{full}" if f"{prefix}/{full}" in self.stored else f"{prefix}_sub/{full}"
            expected = self.stored[key]
            found = numbers(array).ravel()[::stride if key.startswith(f"{prefix}_sub") else 1]
            assert relative(found, expected.ravel()) < tolerance, full
            compared += 1
        return compared


def numbers(tensor):
    """A tensor as an array."""
    return tensor.detach().cpu().numpy()


def relative(found, expected):
    """The distance over the length of what is expected."""
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.fixture(params=CASES)
def case(request):
    """Each case in turn."""
    return Case(request.param)


@pytest.fixture
def mmd():
    """The case that has features and kernels."""
    return Case("mmdgan-32")


def test_generated_images(case):
    images = numbers(networks.generator(case.generator, case.tensor("z")))
    np.testing.assert_allclose(images, case.stored["g_images"], rtol=0, atol=1e-5)


def test_a_second_batch_has_its_own_statistics():
    case = Case("cramergan-32")
    images = numbers(networks.generator(case.generator, case.tensor("z2")))
    np.testing.assert_allclose(images[:2], case.stored["g_images2"], rtol=0, atol=1e-5)


def test_published_bytes(case):
    images = numbers(networks.generator(case.generator, case.tensor("z")))
    difference = np.abs(to_uint8(images, "published").astype(int) - case.stored["png"])
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 1e-3 * difference.size


def test_features_and_layers(case):
    for images, features, squares in (("real", "d_real", "d_layer_meansq_real"),
                                      ("g_images", "d_fake", "d_layer_meansq_fake")):
        layers = networks.discriminator(case.discriminator, case.tensor(images))
        np.testing.assert_allclose(numbers(layers[-1]), case.stored[features], rtol=0, atol=2e-5)
        found = np.stack([numbers(layer.square().flatten(1).mean(1)) for layer in layers], 1)
        np.testing.assert_allclose(found, case.stored[squares], rtol=1e-5)


def test_losses(case):
    terms = case.terms()
    whole = trainer.weighted(terms, case.settings)
    generator = trainer.generator_loss(case.critic, case.discriminate, case.tensor("real"), case.fakes())
    for found, name in ((generator, "g_loss"), (whole, "d_loss"), (terms["penalty"], "gp")):
        np.testing.assert_allclose(found.item(), case.stored[name], rtol=1e-5, err_msg=name)


def test_the_l2_penalty(mmd):
    np.testing.assert_allclose(mmd.terms()["l2_penalty"].item(), mmd.stored["l2_penalty"], rtol=1e-5)


def test_norms_of_the_gradient_penalty(case):
    real, fakes, mixing = case.tensor("real"), [fake.detach() for fake in case.fakes()], case.tensor("alpha")
    features = [networks.discriminator(case.discriminator, images)[-1] for images in (real, *fakes)]
    mixed = ((1 - mixing) * real + mixing * fakes[0]).requires_grad_()
    layers = networks.discriminator(case.discriminator, mixed)
    scores = case.critic.score(layers[-1], features[0], features[1:])
    of_features, by_autograd = torch.autograd.grad(scores.sum(), (layers[-1], mixed))
    gradient = case.image_gradient(layers, of_features)
    assert relative(numbers(gradient), numbers(by_autograd)) < 1e-5
    norms = numbers(losses.column_norms(gradient))
    np.testing.assert_allclose(norms, case.stored["gp_norms"], rtol=1e-4, atol=1e-5)


def test_gradients_of_the_generator(case):
    loss = trainer.generator_loss(case.critic, case.discriminate, case.tensor("real"), case.fakes())
    gradients = dict(zip(case.generator, torch.autograd.grad(loss, list(case.generator.values())), strict=True))
    names = case.described["g_var_names"]
    for name, norm in zip(names, case.stored["g_grad_norm"], strict=True):
        if name not in case.described["g_zero_gradient_vars"]:
            np.testing.assert_allclose(gradients[name[10:]].norm().item(), norm, rtol=1e-3, err_msg=name)
    clipped = {name: optimizer.clip(gradient) for name, gradient in gradients.items()}
    assert case.compare("g_clip", "generator/", clipped, 1e-3) == 33


def test_gradients_of_the_discriminator(case):
    loss = trainer.weighted(case.terms(), case.settings)
    gradients = dict(zip(case.discriminator, torch.autograd.grad(loss, list(case.discriminator.values())),
                         strict=True))
    for name, norm in zip(case.described["d_var_names"], case.stored["d_grad_norm"], strict=True):
        np.testing.assert_allclose(gradients[name[14:]].norm().item(), norm, rtol=1e-3, err_msg=name)
    clipped = {name: optimizer.clip(gradient) for name, gradient in gradients.items()}
    assert case.compare("d_clip", "discriminator/", clipped, 1e-3) == 12


def test_steps_of_the_optimizer(case):
    adam = optimizer.Adam(case.discriminator, case.settings.learning_rate, case.settings.beta1, case.settings.beta2)
    for step in (1, 2, 3):
        adam.step(trainer.weighted(case.terms(), case.settings))
        if step != 2:
            assert case.compare(f"d_after{step}", "discriminator/", case.discriminator, 1e-3) == 12
    loss = trainer.weighted(case.terms(), case.settings).item()
    np.testing.assert_allclose(loss, case.stored["d_loss_after3"], rtol=1e-4)


def test_kernels_and_the_estimate(mmd):
    x, y = mmd.tensor("feat_x"), mmd.tensor("feat_y")
    for found, name in ((mmdgan.kernel(x, x), "k_xx"), (mmdgan.kernel(x, y), "k_xy"),
                        (mmdgan.kernel(y, y), "k_yy"),
                        (mmdgan.mmd2(x, y), "mmd2"), (mmdgan.mmd2(x, y[:5]), "mmd2_5")):
        np.testing.assert_allclose(numbers(found), mmd.stored[name], rtol=1e-5, atol=1e-5, err_msg=name)
