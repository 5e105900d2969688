"""Numbers that are known before: what baselines find, and that they find nothing in nothing."""

import numpy as np
import pytest

from attribution.baselines import eigenface, knn, prnu
from tests.baselines.learning import accuracy, learn, noise, said

METHODS = {
    "knn": (knn, {}),
    "nearest mean": (eigenface, {}),
    "svm": (eigenface, {"classifier": "svm"}),
    "prnu": (prnu, {"levels": (1,), "sigma": (5.0,)}),
    "plain prnu": (prnu, {"cleanup": "plain", "levels": (1,), "sigma": (5.0,)}),
}
every_method = pytest.mark.parametrize(("method", "settings"), METHODS.values(), ids=METHODS)


@pytest.fixture
def random():
    return np.random.default_rng(0)


def three(random, means, count):
    return [noise(random, count, mean) for mean in means]


@every_method
def test_labels_that_mean_nothing_give_chance(method, settings, random):
    parts = [three(random, (128, 128, 128), count) for count in (60, 60, 300)]
    found = accuracy(method, learn(method, *parts[:2], **settings), parts[2])
    assert abs(found - 1 / 3) < 4 * np.sqrt(2 / 9 / 900)


@every_method
def test_permuted_labels_give_chance_where_the_right_ones_are_learnt(method, settings, random):
    patterns = [128 + 12 * random.standard_normal((16, 16, 3)) for _ in range(3)]
    parts = [three(random, patterns, count) for count in (60, 60, 300)]
    assert accuracy(method, learn(method, *parts[:2], **settings), parts[2]) > 0.9
    parts = [np.split(random.permutation(np.concatenate(part)), 3) for part in parts]
    found = accuracy(method, learn(method, *parts[:2], **settings), parts[2])
    assert abs(found - 1 / 3) < 4 * np.sqrt(2 / 9 / 900)


def test_one_neighbour_is_always_right_about_the_images_it_knows(random):
    parts = three(random, (128, 128, 128), 30)
    trainer = learn(knn, parts, three(random, (128, 128, 128), 5), k=(1,))
    assert accuracy(knn, trainer, parts) == 1


def test_all_neighbours_are_always_of_the_commonest_label(random):
    parts = [noise(random, 10, 128), noise(random, 20, 100)]
    trainer = learn(knn, parts, [part[:3] for part in parts], k=(30,), references=60)
    assert (said(knn, trainer, parts[0]) == 1).all()


def test_votes_are_shares_and_the_nearest_decides_between_equals():
    shares = np.exp(knn._log_shares(np.array([[2, 0, 1], [2, 1, 1], [0, 0, 0]]), 3))
    assert np.allclose(shares.sum(axis=1), 1)
    assert shares.argmax(axis=1).tolist() == [2, 1, 0]


def test_without_normalization_a_loud_pixel_decides(random):
    """The label is in a quiet half, and the other half is loud noise."""
    def images(value, count=60):
        found = noise(random, count, 128, 60)
        found[:, :8] = noise(random, count, value, 2)[:, :8]
        return found
    parts = [[images(value) for value in (126, 129)] for _ in range(3)]
    found = [accuracy(knn, learn(knn, *parts[:2], normalize=normalize, k=(1,)), parts[2])
             for normalize in (False, True)]
    assert found[1] == 1 and found[0] < 0.9


@pytest.mark.parametrize("classifier", ["mean", "svm"])
def test_two_shifted_gaussians_are_told_apart_as_well_as_can_be(classifier, random):
    """They differ along one pattern by three deviations: the best rule is right with 93.3 %."""
    pattern = random.standard_normal((8, 8, 3))
    pattern *= 60 / np.linalg.norm(pattern)

    def parts(count):
        return [noise(random, count, 128 + sign * pattern / 2, side=8) for sign in (-1, 1)]
    trainer = learn(eigenface, parts(1500), parts(200), classifier=classifier, variance=(0.01,),
                    c=(0.01,))
    found = accuracy(eigenface, trainer, parts(1000))
    assert abs(found - 0.933) < 0.02


@pytest.mark.parametrize("cleanup", ["camera", "plain"])
def test_prnu_finds_a_planted_pattern(cleanup, random):
    """Weak noise of its own on each source's smooth images: nothing else tells them apart."""
    plants = [3 * random.standard_normal((32, 32, 3)) for _ in range(3)]

    def images(plant, count):
        ramps = np.linspace(0, 1, 32)[:, None, None] * random.uniform(-60, 60, (count, 1, 1, 3))
        return noise(random, count, 128 + ramps[:, :, None, 0] + plant, 3, side=32)
    parts = [[images(plant, count) for plant in plants] for count in (100, 20, 60)]
    trainer = learn(prnu, *parts[:2], cleanup=cleanup, levels=(1, 2), sigma=(1.0, 5.0))
    assert accuracy(prnu, trainer, parts[2]) > 0.95
    weights = trainer.weights()
    if cleanup == "plain":
        wanted = np.array(plants).transpose(0, 3, 1, 2).reshape(3, -1)
        assert [np.corrcoef(pattern, plant)[0, 1] > 0.5
                for pattern, plant in zip(weights["patterns"], wanted, strict=True)] == [True] * 3


def test_the_camera_clean_up_deletes_a_checkerboard_that_is_the_fingerprint(random):
    board = 2.0 * (np.indices((32, 32)).sum(axis=0) % 2)[:, :, None]
    parts = [[noise(random, count, 128 + sign * board, 3, side=32) for sign in (-1, 1)]
             for count in (100, 40, 100)]
    found = {cleanup: accuracy(prnu, learn(prnu, *parts[:2], cleanup=cleanup, levels=(1,),
                                           sigma=(5.0,)), parts[2])
             for cleanup in ("camera", "plain")}
    assert found["plain"] > 0.95 and found["camera"] < 0.7
