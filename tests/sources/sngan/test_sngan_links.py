"""Known answers of the layers: spectral norms, batch normalisation, resampling."""

import chainer
import numpy as np
import pytest
from chainer import Variable
from chainer import functions as F

from sources.sngan import device, links, networks, variables


@pytest.fixture(params=["plain", "as chosen"])
def where(request):
    """The plain CPU, and what `device.choose` takes here: iDeep, where it is installed."""
    chainer.global_config.use_ideep = "never"
    yield "cpu" if request.param == "plain" else device.choose("cpu")
    chainer.global_config.use_ideep = "never"


def estimate(weight, steps):
    """The estimate of the spectral norm after so many steps of power iteration."""
    u = np.random.RandomState(0).randn(1, len(weight)).astype(np.float32)
    for _ in range(steps):
        normalised, u = links.normalise(Variable(weight), u)
    kept = np.abs(weight) > 0
    return float((weight[kept] / normalised.array[kept]).mean()), u


@pytest.mark.parametrize(
    "diagonal,norm", [((4, 4, 4), 4), ((4, 1, 2), 4), ((-5, 3, 0.5), 5), ((0.25, 0.125), 0.25)]
)
def test_the_spectral_norm_of_a_diagonal_matrix_is_its_largest_entry(diagonal, norm):
    found, _ = estimate(np.diag(np.float32(diagonal)), 60)
    assert found == pytest.approx(norm, rel=1e-5)


def test_one_step_is_enough_for_a_multiple_of_the_identity():
    assert estimate(4 * np.eye(6, dtype=np.float32), 1)[0] == pytest.approx(4, rel=1e-5)


def test_u_comes_to_point_to_the_largest_entry():
    _, u = estimate(np.diag(np.float32([1, 3, 2])), 60)
    np.testing.assert_allclose(np.abs(u), [[0, 1, 0]], atol=1e-5)


@pytest.mark.parametrize("shape", [(5, 3, 3, 3), (4, 7), (6, 2, 1, 1)])
def test_the_norm_is_that_of_the_matrix_of_outputs_and_the_rest(shape):
    weight = np.random.RandomState(1).randn(*shape).astype(np.float32)
    expected = np.linalg.svd(weight.reshape(len(weight), -1).astype(float), compute_uv=False)[0]
    assert estimate(weight, 200)[0] == pytest.approx(expected, rel=1e-4)


def test_a_normalised_weight_has_the_norm_of_one_and_does_not_change_with_its_scale():
    weight = np.random.RandomState(2).randn(4, 4).astype(np.float32)
    u = np.ones((1, 4), np.float32)
    for _ in range(200):
        normalised, u = links.normalise(Variable(weight), u)
    assert np.linalg.norm(normalised.array, 2) == pytest.approx(1, rel=1e-4)
    larger, _ = links.normalise(Variable(100 * weight), u)
    np.testing.assert_allclose(larger.array, normalised.array, rtol=1e-4, atol=1e-6)


def test_the_gradient_has_no_part_that_only_scales_the_weight():
    """W / sigma(W) does not depend on the length of W."""
    weight = Variable(np.diag(np.float32([3, 2, 1])))
    u = np.float32([[1, 0, 0]])
    normalised, _ = links.normalise(weight, u)
    F.sum(normalised * np.random.RandomState(0).randn(3, 3).astype(np.float32)).backward()
    assert float((weight.grad * weight.array).sum()) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    "make,x,moves_in_test",
    [
        (lambda: links.SNConvolution2D(2, 3, 3, 1, None), np.ones((1, 2, 4, 4), np.float32), False),
        (lambda: links.SNLinear(4, 3, None), np.ones((1, 4), np.float32), True),
        (lambda: links.SNEmbedID(4, 3, None), np.zeros(1, np.int32), True),
    ],
)
def test_when_u_moves(make, x, moves_in_test):
    link = make()
    for train, moves in ((False, moves_in_test), (True, True)):
        before = link.u.copy()
        with chainer.using_config("train", train):
            link(x)
        assert (link.u != before).any() == moves


def test_upsampling_shows_every_pixel_four_times():
    x = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
    assert networks._upsample(Variable(x)).array[0, 0].tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [2, 2, 3, 3],
        [2, 2, 3, 3],
    ]


def test_upsampling_and_convolving_at_once_is_the_same_as_one_after_the_other(where):
    random = np.random.RandomState(0)
    weight, bias, x = (random.randn(*shape).astype(np.float32) for shape in ((6, 8, 3, 3), (6,), (3, 8, 5, 5)))
    found = []
    for function in (networks._upsample_convolve, lambda x, layer: layer(networks._upsample(x))):
        layer = device.place(chainer.links.Convolution2D(8, 6, 3, pad=1, initialW=weight, initial_bias=bias), where)
        inputs = Variable(x)
        layer.cleargrads()
        y = function(inputs, layer)
        F.sum(y * y * y).backward()
        found.append([np.asarray(value) for value in (y.array, inputs.grad, layer.W.grad, layer.b.grad)])
    for once, twice in zip(*found):
        assert np.linalg.norm(once - twice) < 1e-5 * np.linalg.norm(twice)


def test_downsampling_is_the_mean_of_four_pixels():
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    assert networks._downsample(Variable(x)).array[0, 0].tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_a_constant_batch_is_normalised_to_beta_whatever_gamma(where):
    norm = device.place(links.batch_normalization(2, 1), where)
    norm.betas.W.array[...] = np.float32([[3, -1]])
    norm.gammas.W.array[...] = np.float32([[7, 7]])
    y = np.asarray(norm(np.full((4, 2, 3, 3), 5, np.float32), None).array)
    np.testing.assert_allclose(
        y, np.broadcast_to(np.float32([3, -1])[:, None, None], y.shape), atol=1e-4
    )


def test_running_statistics_take_a_tenth_of_the_batch(where):
    norm = device.place(links.batch_normalization(1, 1), where)
    norm(np.float32([0, 4]).reshape(2, 1, 1, 1).repeat(8, 2).repeat(8, 3), None)
    assert np.asarray(norm.avg_mean) == pytest.approx([0.2])
    assert np.asarray(norm.avg_var) == pytest.approx([0.1 * 4 * 128 / 127.0])  # unbiased


def gradients(x, gamma, gy):
    """Those of a batch normalisation with respect to x, gamma and beta, in float64."""
    x, gamma, gy = (np.asarray(value, np.float64) for value in (x, gamma, gy))
    axes, count = (0, 2, 3), x.size // x.shape[1]
    root = np.sqrt(x.var(axes, keepdims=True) + links._BATCH_EPSILON)
    plain = (x - x.mean(axes, keepdims=True)) / root
    of_beta, of_gamma = gy.sum(axes, keepdims=True), (gy * plain).sum(axes, keepdims=True)
    of_x = gamma[:, None, None] / root * (gy - of_beta / count - plain * of_gamma / count)
    return of_x, of_gamma.ravel(), of_beta.ravel()


@pytest.mark.parametrize(
    "shape",
    [
        (4, 1, 4, 4),
        (3, 5, 8, 8),
        (8, 16, 4, 4),
        (16, 32, 8, 8),
        (2, 48, 32, 32),
        (32, 128, 4, 4),
        (6, 20, 16, 16),
    ],
)
def test_gradients_of_batch_normalisation_are_right_with_and_without_ideep(where, shape):
    """iDeep orders its arrays by their shape; what comes of a convolution is in such an order."""
    random = np.random.RandomState(0)
    x, gy = (random.randn(*shape).astype(np.float32) for _ in range(2))
    norm = device.place(links.ConditionalBatchNormalization(shape[1], 1), where)
    norm.gammas.W.array[...] = random.rand(1, shape[1]).astype(np.float32) + 0.5
    same = np.eye(shape[1], dtype=np.float32)[:, :, None, None]
    inputs = Variable(x)
    norm.cleargrads()
    y = F.convolution_2d(norm(F.convolution_2d(inputs, same), None), same)
    y.grad = gy
    y.backward()
    expected = gradients(x, np.asarray(norm.gammas.W.array)[0], gy)
    found = (inputs.grad, norm.gammas.W.grad[0], norm.betas.W.grad[0])
    for value, right in zip(found, expected):
        assert np.linalg.norm(np.asarray(value) - right) < 1e-4 * np.linalg.norm(right)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_networks_of_every_size_have_the_variables_of_the_snapshots(size):
    from sources.sngan import model

    chainer.global_config.use_ideep = "never"
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        generator, discriminator = (
            networks.Generator(size, 1, 3, 1, 4),
            networks.Discriminator(size, 1, 1),
        )
        images = generator(np.zeros((2, 3), np.float32))
        scores = discriminator(images, np.zeros(2, np.int32))
    assert images.shape == (2, 3, size, size) and scores.shape == (2, 1)
    assert abs(images.array).max() <= 1
    for network, shapes in (
        (generator, variables.generator_shapes(size, 1, 3, 1, 4)),
        (discriminator, variables.discriminator_shapes(size, 1, 1)),
    ):
        assert dict((name, value.shape) for name, value in model.save(network).items()) == shapes


def test_without_a_category_the_score_is_without_its_projection():
    chainer.global_config.use_ideep = "never"
    network = networks.Discriminator(32, 1, 1)
    images = np.random.RandomState(0).uniform(-1, 1, (2, 3, 32, 32)).astype(np.float32)
    with chainer.using_config("train", False):
        plain = network(images).array
        network.l_y.W.array[...] = 1e-6  # normalised: the sum of the features, none below 0
        projected = network(images, np.zeros(2, np.int32)).array
    assert (plain != projected).any()
