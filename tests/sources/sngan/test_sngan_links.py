"""Known answers of the layers: spectral norms, batch normalisation, resampling."""

import chainer
import numpy as np
import pytest
from chainer import Variable
from chainer import functions as F

from sources.sngan import device, links, model, networks, optimizer, variables


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


def test_upsampling_shows_every_pixel_four_times(where):
    x = np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2)
    kernel = networks.doubled_1x1(Variable(np.ones((1, 1, 1, 1), np.float32)))
    assert np.asarray(F.deconvolution_2d(x, kernel, None, 2).array)[0, 0].tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [2, 2, 3, 3],
        [2, 2, 3, 3],
    ]


def doubled(x):
    """Every pixel four times."""
    return F.reshape(F.broadcast_to(x[:, :, :, None, :, None], x.shape[:3] + (2, x.shape[3], 2)),
                     x.shape[:2] + (2 * x.shape[2], 2 * x.shape[3]))


def halved(x):
    """The mean of every 2x2 pixels."""
    return F.average_pooling_2d(x, 2)


SIMPLER = {
    "doubled 3x3": (
        3,
        lambda layer, x: F.deconvolution_2d(x, networks.doubled_3x3(layer.W), layer.b, 2, 1),
        lambda layer, x: F.convolution_2d(doubled(x), layer.W, layer.b, 1, 1)),
    "doubled 1x1": (
        1,
        lambda layer, x: F.deconvolution_2d(x, networks.doubled_1x1(layer.W), layer.b, 2),
        lambda layer, x: F.convolution_2d(doubled(x), layer.W, layer.b)),
    "halved": (
        3,
        lambda layer, x: layer.halve(x),
        lambda layer, x: halved(F.convolution_2d(x, links.normalise(layer.W, layer.u)[0], layer.b, 1, 1)))}


@pytest.mark.parametrize("what", sorted(SIMPLER))
def test_a_cheaper_convolution_is_the_same_as_the_one_that_it_stands_for(where, what):
    """In its outputs and in all gradients."""
    side, cheaper, plain = SIMPLER[what]
    random = np.random.RandomState(0)
    weight, bias, x, u = (random.randn(*shape).astype(np.float32)
                          for shape in ((6, 8, side, side), (6,), (3, 8, 6, 6), (1, 6)))
    found = []
    for function in (cheaper, plain):
        layer, inputs = links.SNConvolution2D(8, 6, side, side // 2, weight), Variable(x)
        layer.b.array[...], layer.u[...] = bias, u
        layer.cleargrads()
        y = function(layer, inputs)
        F.sum(y * y * y).backward()
        found.append([np.asarray(value) for value in (y.array, inputs.grad, layer.W.grad, layer.b.grad)])
    for once, twice in zip(*found):
        assert np.linalg.norm(once - twice) < 1e-5 * np.linalg.norm(twice)


BLOCKS = {
    "first": lambda: networks.FirstBlock(3, 16),
    "down": lambda: networks.DownBlock(16, 32),
    "down, few channels": lambda: networks.DownBlock(5, 6),
    "plain": lambda: networks.DownBlock(16, 16)}


def tried(block, x, gy):
    """[y, the gradient of x, gradients of weights and biases, vectors u] of a block."""
    inputs = Variable(x)
    block.cleargrads()
    y = block(inputs)
    y.grad = gy(y.shape)
    y.backward()
    parts = sorted(block.namedparams()) + sorted(block.namedlinks(skipself=True))
    return [np.asarray(value) for value in [y.array, inputs.grad] + [
        getattr(part, "grad", None) if isinstance(part, Variable) else part.u for _, part in parts]]


@pytest.mark.parametrize("what", sorted(BLOCKS))
def test_a_block_in_one_function_is_the_same_as_step_by_step(what):
    """In its outputs, all gradients, and what becomes of u."""
    random, block = np.random.RandomState(0), BLOCKS[what]()
    x = random.randn(3, block.c1.W.shape[1], 8, 8).astype(np.float32)
    us, found = dict((path, link.u.copy()) for path, link in block.namedlinks(skipself=True)), []
    for where in ("never", "auto"):
        chainer.global_config.use_ideep = where
        for path, link in block.namedlinks(skipself=True):
            link.u[...] = us[path]
        found.append(tried(block, x, lambda shape: np.random.RandomState(1).randn(*shape).astype(np.float32)))
    chainer.global_config.use_ideep = "never"
    for steps, once in zip(*found):
        assert np.linalg.norm(once - steps) < 1e-5 * np.linalg.norm(steps)


def learned(network, *inputs):
    """{name: array}: what a network makes of inputs, the gradients of a random sum of it, and its state after."""
    inputs = [Variable(array) for array in inputs]
    network.cleargrads()
    y = network(*(inputs + [None]))
    F.sum(y * np.random.RandomState(1).randn(*y.shape).astype(np.float32)).backward()
    found = dict(model.save(network), y=y.array, x=inputs[0].grad)
    found.update((path + " gradient", parameter.grad) for path, parameter in network.namedparams()
                 if not path.endswith("c1/b"))  # batch normalisation takes it away
    return dict((name, np.asarray(array)) for name, array in found.items())


@pytest.mark.parametrize("classes", [0, 1])
@pytest.mark.parametrize("make,shape", [
    (lambda classes: networks.UpBlock(16, 8, classes), (4, 16, 6, 6)),
    (lambda classes: networks.Generator(32, 8, 5, classes, 4), (4, 5))])
def test_a_generator_in_functions_of_ideep_is_the_same_as_step_by_step(make, shape, classes):
    """So is a block of it: in what they make, all gradients, and the running statistics."""
    found = []
    for where in ("never", "auto"):
        chainer.global_config.use_ideep = where
        np.random.seed(0)
        network, random = make(classes), np.random.RandomState(2)
        for parameter in network.params():  # biases too, which begin with 0
            parameter.array[...] += 0.1 * random.randn(*parameter.shape)
        found.append(learned(network, np.random.randn(*shape).astype(np.float32)))
    chainer.global_config.use_ideep = "never"
    for name, steps in found[0].items():
        # Of most biases batch normalisation leaves 0, but for rounding.
        assert np.linalg.norm(found[1][name] - steps) <= 1e-4 * np.linalg.norm(steps) + 1e-4, name


def test_a_fixed_discriminator_hands_on_the_same_gradient(where):
    network, gradients = networks.Discriminator(32, 2, 1), []
    for fixed in (False, True):
        network.fix(fixed)
        images = Variable(np.random.RandomState(0).randn(2, 3, 32, 32).astype(np.float32))
        network.cleargrads()
        with chainer.using_config("train", False):
            F.sum(network(images)).backward()
        gradients.append(np.asarray(images.grad))
    np.testing.assert_allclose(*gradients, rtol=0, atol=1e-6 * abs(gradients[0]).max())  # the last u has moved
    assert where == "cpu" or network.block1.c1.W.grad is None


@pytest.mark.parametrize("train", [True, False])
def test_a_bias_that_batch_normalisation_is_told_of_is_as_if_it_had_been_added(where, train):
    x, bias = np.random.RandomState(0).randn(4, 16, 8, 8).astype(np.float32), np.arange(16, dtype=np.float32)
    found = []
    for inputs, told in ((x, Variable(bias)), (x + bias[:, None, None], None)):
        norm = links.batch_normalization(16, 1)
        norm.avg_mean[...], norm.avg_var[...] = 3, 2
        with chainer.using_config("train", train):
            y = norm(Variable(inputs), None, told)
        found.append([np.asarray(value) for value in (y.array, norm.avg_mean, norm.avg_var)])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_adam_in_pieces_is_chainers(monkeypatch):
    monkeypatch.setattr(optimizer, "_PIECE", 7)
    found = []
    for kind in (optimizer.Adam, chainer.optimizers.Adam):
        layer = chainer.links.Linear(5, 4, initialW=np.eye(4, 5, dtype=np.float32))
        adam = kind(1e-2, 0.5, 0.9).setup(layer)
        random = np.random.RandomState(0)
        for _ in range(3):
            layer.W.grad, layer.b.grad = random.randn(4, 5).astype(np.float32), random.randn(4).astype(np.float32)
            adam.update()
        found.append((layer.W.array, layer.b.array))
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_fixed_kernels_give_the_same_bits(where):
    network, latents = networks.Generator(32, 2, 3, 1, 4), np.ones((2, 3), np.float32)
    with chainer.using_config("train", False), chainer.no_backprop_mode():
        before = np.asarray(network(latents).array)
        network.fix()
        np.testing.assert_array_equal(np.asarray(network(latents).array), before)


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
