"""Fréchet distances: those of normal distributions that are known, and the ratio at both ends."""

import numpy as np
import pytest

from attribution.analysis import frechet

RANDOM = np.random.default_rng(0)


def drawn(classes=3, images=400, apart=0.0, dimensions=4):
    """Normal features, [(N, D)], whose means are `apart` from one class to the next."""
    random = np.random.default_rng(1)
    return [random.normal(apart * place, size=(images, dimensions)) for place in range(classes)]


def known(mean, covariance):
    """The Normal of these very parameters: its features are two for every principal axis."""
    values, vectors = np.linalg.eigh(covariance)
    return frechet.Normal(np.array(mean, float), np.array(covariance, float),
                          vectors * np.sqrt(values) @ vectors.T)


def test_axes_that_agree_differ_by_their_deviations():
    """Sum of squares of differences of means and of deviations: 3² + 4² + (2 - 1)² + (5 - 3)²."""
    first, second = known([0, 0], np.diag([1, 9])), known([3, 4], np.diag([4, 25]))
    assert frechet.distance(first, second) == pytest.approx(25 + 1 + 4)


def test_covariances_that_do_not_commute():
    """In the plane the trace of the root of M is the root of trace M + 2 root of det M."""
    first, second = np.array([[2, 1], [1, 2]]), np.array([[3, -1], [-1, 1]])
    product = first @ second
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    assert frechet.distance(known([0, 0], first), known([0, 0], second)) == pytest.approx(
        np.trace(first) + np.trace(second) - 2 * root)


def test_a_copy_is_at_no_distance_even_if_dimensions_are_idle():
    features = np.column_stack([RANDOM.normal(size=(50, 3)), np.zeros(50), np.arange(50.0)])
    normal = frechet.normal(features)
    assert frechet.distance(normal, normal) == pytest.approx(0, abs=1e-6)
    assert normal.covariance == pytest.approx(np.cov(features.T))
    assert normal.root @ normal.root == pytest.approx(normal.covariance)


def test_a_shift_is_its_square_and_the_order_is_the_same():
    features = RANDOM.normal(size=(30, 5))
    one, other = frechet.normal(features), frechet.normal(features + [3, 0, 0, 4, 0])
    assert frechet.distance(one, other) == pytest.approx(25)
    assert frechet.distance(other, one) == pytest.approx(25)


def test_features_that_know_nothing_of_the_class_have_a_ratio_of_one():
    told = drawn(apart=5)
    mixed = [frechet.between_halves(np.split(RANDOM.permutation(np.concatenate(told)), 3))
             for _ in range(100)]
    assert frechet.ratio(np.mean(mixed, axis=0)) == pytest.approx(1, abs=0.2)
    assert frechet.ratio(frechet.between_halves(told)) > 100
    assert frechet.ratio(frechet.between_halves([told[0]] * 3)) == pytest.approx(1)


def test_the_ratio_grows_as_classes_part():
    ratios = [frechet.ratio(frechet.between_halves(drawn(apart=apart))) for apart in (0, 0.5, 1, 2)]
    assert ratios == sorted(ratios) and ratios[0] == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("places", [slice(None, None, 2), slice(200)], ids=["in turns", "in order"])
def test_what_rows_show_in_turns_or_in_order_sets_no_halves_apart(places):
    """As they come, halves would be at the distance 9; classes are, which do not show it."""
    shown = np.zeros((400, 1))
    shown[places] = 3
    (within, between), (_, same) = frechet.between_halves([shown, np.full((400, 1), 4.5)])
    assert within < 0.2 and same == 0
    assert between == pytest.approx(3 ** 2 + 1.5 ** 2, rel=0.1)


def test_halves_are_disjoint():
    """Of two rows each half has one, whatever the lots: and a variance needs two."""
    rows = np.array([0, 0, 1, 1, 2, 2, 3, 3.0])[:, None] ** 4
    within = frechet.between_halves([rows])[0, 0]
    assert within > 0 and frechet.between_halves([rows])[0, 0] == within


def test_halves_that_do_not_differ_have_no_ratio():
    assert frechet.ratio(frechet.between_halves([np.zeros((4, 2)), np.ones((4, 2))])) is None
