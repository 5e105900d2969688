"""Features: what is measured of both kinds, from the folders of stages as they are written."""

import json

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from experiments import features
from tests.experiments import answers

LABELS = ["real", "A", "B"]
FEW = features.Settings(points=30)


def lab(folder, learnt, generic, count=40):
    """A Lab of features, each (labels x count, D), of LABELS. learnt: None for a method without."""
    scores = np.repeat(np.eye(3), count, axis=0)
    answers.write(folder / "learnt", LABELS, dict.fromkeys(LABELS, count), scores, learnt)
    (folder / "generic").mkdir()
    np.save(folder / "generic/features.npy", np.asarray(generic, np.float32))
    sets = [{"name": label, "first": 0, "count": count} for label in LABELS]
    (folder / "generic/features.json").write_text(json.dumps({"network": "any", "sets": sets}))
    return Lab(folder, {"learnt": "learnt", "generic": "generic"})


def cloud(apart, dimensions=3, seed=0, deviations=(1, 1, 1)):
    """Features of three classes whose means are `apart` along the first axis."""
    noise = np.random.default_rng(seed).normal(size=(3, 40, dimensions))
    noise *= np.reshape(deviations, (3, 1, 1))
    noise[:, :, 0] += np.reshape([0, apart, 3 * apart], (3, 1))
    return noise.reshape(120, dimensions)


def kinds(folder, *sets):
    return {kind["name"]: kind for kind in features.measure(lab(folder, *sets), FEW)["kinds"]}


def test_features_that_know_more_of_the_source_have_the_larger_ratio(tmp_path):
    found = kinds(tmp_path, cloud(9), cloud(1, seed=1))
    assert found["learnt"]["ratio"] > 10 * found["generic"]["ratio"] > 10
    distances = np.array(found["learnt"]["distances"])
    assert distances[0, 1] == pytest.approx(81, rel=0.2)
    assert distances[0, 2] == pytest.approx(27 ** 2, rel=0.2) and distances[1, 1] < 2
    assert found["learnt"]["apart"][0][2] == pytest.approx(27, rel=0.1)


def test_means_on_one_side_and_on_the_other_are_correlated_as_such(tmp_path):
    means = np.array([[3, 0, 0], [0, 3, 0], [0, 3, 0.0]])
    found = kinds(tmp_path, np.repeat(means, 40, axis=0), cloud(0))["learnt"]["correlations"]
    assert np.diag(found) == pytest.approx([1, 1, 1])
    assert found[0][1] == pytest.approx(-1) and found[1][2] == pytest.approx(1)
    assert kinds(tmp_path / "same", np.ones((120, 3)), cloud(0))["learnt"]["correlations"] == [
        [None] * 3] * 3


def test_a_source_that_has_collapsed_has_little_variance(tmp_path):
    found = kinds(tmp_path, cloud(0), cloud(0, deviations=(2, 2, 0.2)))["generic"]
    assert found["spread"] == [1, pytest.approx(1, rel=0.4), pytest.approx(0.01, rel=0.4)]
    assert found["distances"][2][0] == pytest.approx(3 * (2 - 0.2) ** 2, rel=0.3)
    assert found["distances"][2][0] > found["distances"][1][0]


def test_a_covariance_has_two_images_for_every_dimension(tmp_path):
    """A half has 20 images, hence 10 dimensions, in which what sets classes apart is left."""
    found = kinds(tmp_path, cloud(9, dimensions=10), cloud(9, dimensions=60))
    assert [found[name]["components"] for name in features.KINDS] == [10, 10]
    assert found["generic"]["dimensions"] == 60 and 0.5 < found["generic"]["variance"] < 1
    assert found["learnt"]["variance"] == 1 and found["generic"]["ratio"] > 5


def test_the_map_has_equally_many_images_of_every_class_and_tells_them_apart(tmp_path):
    first, second = (kinds(tmp_path / name, cloud(50), cloud(0))["learnt"]["map"]
                     for name in ("first", "second"))
    assert first == second
    assert [(label, len(points)) for label, points in first] == [(label, 10) for label in LABELS]
    (real, *_), *others = (np.array(points) for _, points in first)
    near = np.linalg.norm(np.array(first[0][1][1:]) - real, axis=1)
    assert all(np.linalg.norm(points - real, axis=1).min() > near.min() for points in others)


def test_a_method_without_features_leaves_the_generic_ones(tmp_path):
    found = features.measure(lab(tmp_path, None, cloud(1)), FEW)
    assert [kind["name"] for kind in found["kinds"]] == ["generic"]
    assert (found["labels"], found["images"]) == (LABELS, 40)
    assert features.section(found, []).headline.text.count("EfficientNet") == 1
