"""The networks at 64 pixels, where the order of the numbers in a latent and in the features begins to matter.

The fixtures have 32 pixels. Here the same networks are written once more, in NumPy and float64, from their description.
"""

import numpy as np
import pytest
import torch

from sources.cramer_mmd import networks, variables


@pytest.fixture
def random():
    """Random numbers, the same every time."""
    return np.random.RandomState(0)


def drawn(shapes, random):
    """{name: float64 array} of random values."""
    return {name: random.normal(0, 0.3, shape) for name, shape in shapes.items()}


def tensors(arrays):
    """The same as tensors."""
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


def convolved(maps, weight, before, after, stride=1):
    """NHWC maps, padded with zeros, under a kernel (kh, kw, in, out)."""
    maps = np.pad(maps, ((0, 0), (before, after), (before, after), (0, 0)))
    side = (maps.shape[1] - weight.shape[0]) // stride + 1
    last = stride * (side - 1) + 1
    return sum(maps[:, y:y + last:stride, x:x + last:stride] @ weight[y, x]
               for y in range(weight.shape[0]) for x in range(weight.shape[1]))


def normalised(maps, v, name):
    """NHWC maps normalised by the statistics of this batch."""
    mean, variance = maps.mean((0, 1, 2)), maps.var((0, 1, 2))
    return np.maximum((maps - mean) / np.sqrt(variance + 1.001e-5) * v[name + ".scale"] + v[name + ".offset"], 0)


def doubled(maps):
    """Every pixel four times."""
    return maps.repeat(2, 1).repeat(2, 2)


def block(v, name, maps):
    """A residual block of the generator."""
    def weight(layer, kind="Filters"):
        return v[f"{name}.{layer}/{name}.{layer}.{kind}"]
    shortcut = convolved(doubled(maps), weight("Shortcut"), 0, 0) + weight("Shortcut", "Biases")
    maps = convolved(doubled(normalised(maps, v, name + ".BN1")), weight("Conv1"), 1, 1)
    maps = convolved(normalised(maps, v, name + ".BN2"), weight("Conv2"), 1, 1) + weight("Conv2", "Biases")
    return shortcut + maps


def transposed(maps, weight):
    """A transposed convolution of stride 2, kernel (kh, kw, out, in), to twice the side."""
    count, side, _, _ = maps.shape
    full = np.zeros((count, 2 * side + 3, 2 * side + 3, weight.shape[2]))
    for y in range(5):
        for x in range(5):
            full[:, y:y + 2 * side:2, x:x + 2 * side:2] += maps @ weight[y, x].T
    return full[:, 1:-2, 1:-2]


def test_the_generator_at_64_pixels(random):
    v = drawn(variables.generator_shapes(64, 2, 7), random)
    latents = random.uniform(-1, 1, (3, 7))
    flat = latents @ v["g_h0_lin/Matrix"] + v["g_h0_lin/bias"]
    maps = flat.reshape(3, 32, 2, 2).transpose(0, 2, 3, 1)
    for number in (1, 2, 3, 4):
        maps = block(v, f"g_res{number}", maps)
    expected = 1 / (1 + np.exp(-transposed(normalised(maps, v, "g_h4"), v["g_h5/w"]) - v["g_h5/biases"]))
    found = networks.generator(tensors(v), torch.from_numpy(latents)).numpy()
    assert found.shape == (3, 64, 64, 3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_the_discriminator_at_64_pixels(random):
    v = drawn(variables.discriminator_shapes(64, 2, 5), random)
    maps = images = random.uniform(0, 1, (3, 64, 64, 3))
    for number in range(5):
        maps = convolved(maps, v[f"d_h{number}_conv/w"], 1, 2, stride=2) + v[f"d_h{number}_conv/biases"]
        maps = np.maximum(maps, 0.2 * maps)
    expected = maps.reshape(3, -1) @ v["d_h6_lin/Matrix"] + v["d_h6_lin/bias"]
    found = networks.discriminator(tensors(v), torch.from_numpy(images))[-1].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("resolution", [32, 64])
def test_the_gradient_of_images_and_its_own_gradients_are_those_of_autograd(random, resolution):
    v = {name: value.requires_grad_()
         for name, value in tensors(drawn(variables.discriminator_shapes(resolution, 2, 5), random)).items()}
    images = torch.from_numpy(random.uniform(0, 1, (3, resolution, resolution, 3))).requires_grad_()
    layers = networks.discriminator(v, images)
    of_features, expected = torch.autograd.grad(layers[-1].square().sum(), (layers[-1], images), create_graph=True)
    found = networks.image_gradient(v, layers, of_features)
    torch.testing.assert_close(found, expected)
    for name, value in v.items():
        one, other = (torch.autograd.grad(each.square().sum(), value, retain_graph=True)[0]
                      for each in (found, expected))
        torch.testing.assert_close(one, other, msg=name)


@pytest.mark.parametrize("shapes, count", [
    (variables.generator_shapes(128, 64, 100), 11764035), (variables.discriminator_shapes(128, 64, 256), 21609344),
    (variables.discriminator_shapes(128, 64, 16), 17676944)])
def test_numbers_of_the_published_networks(shapes, count):
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == count


def test_initial_values(random):
    initial = {**variables.initial(variables.generator_shapes(64, 16, 100), random),
             **variables.initial(variables.discriminator_shapes(64, 16, 16), random)}
    for name, deviation in (("g_h0_lin/Matrix", 0.01), ("d_h6_lin/Matrix", 0.01), ("g_h5/w", 0.02),
                            ("d_h4_conv/w", 0.01759)):
        assert abs(initial[name].std() / deviation - 1) < 0.05, name
    assert 0.0399 < np.abs(initial["d_h4_conv/w"]).max() <= 0.04 and np.abs(initial["g_h5/w"]).max() > 0.05
    for layer, limit in (("Conv1", (12 / (9 * 384)) ** 0.5), ("Shortcut", (6 / 384) ** 0.5)):
        values = initial[f"g_res1.{layer}/g_res1.{layer}.Filters"]
        assert 0.999 * limit < np.abs(values).max() <= limit * (1 + 1e-6)
        assert abs(values.std() * 3 ** 0.5 / limit - 1) < 0.01
    assert (initial["g_res1.BN1.scale"] == 1).all() and not initial["g_res1.BN1.offset"].any()
    assert not initial["d_h0_conv/biases"].any() and not initial["g_h0_lin/bias"].any()
