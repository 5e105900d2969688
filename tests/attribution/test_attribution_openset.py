"""None of these: a threshold that is stored with a classifier, and what it lets pass."""

import numpy as np
import pytest

from attribution import openset


def two_classes(images, away=0.0, seed=0):
    """Features (2 * images, 3) of which one varies much, around two means; and their labels."""
    random = np.random.RandomState(seed)
    truth = np.repeat([0, 1], images)
    features = random.standard_normal((2 * images, 3)) * [1, 100, 1]
    return features + 20 * truth[:, None] * [1, 0, 0] + [0, 0, away], truth


def test_what_lies_apart_is_less_familiar_in_units_of_how_much_features_vary():
    fitted = openset.fit(*two_classes(500))
    usual, apart = (openset.familiarity(two_classes(500, away, seed=1)[0], fitted)
                    for away in (0, 10))
    assert usual.min() > apart.max() - 2 and np.mean(usual) == pytest.approx(-1.6, abs=0.1)
    assert np.mean(apart) == pytest.approx(-10.1, abs=0.3)
    assert {part.dtype for part in fitted.values()} == {np.dtype("float32")}


def test_the_threshold_lets_pass_what_it_should():
    values = np.random.RandomState(0).standard_normal(1000)
    assert np.mean(values >= openset.threshold(values)) == pytest.approx(0.95, abs=0.002)
    assert openset.threshold(np.zeros(9)) == 0


def test_features_that_depend_on_each_other_or_are_all_equal_have_a_distance():
    features, truth = two_classes(50)
    for flat in (np.repeat(features, 2, axis=1), np.ones((100, 3))):
        found = openset.familiarity(flat, openset.fit(flat, truth))
        assert np.isfinite(found).all()
