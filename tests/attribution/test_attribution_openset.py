"""None of these: a threshold that is stored with a classifier, and what it lets pass."""

import numpy as np
import pytest

from attribution import openset


def test_familiarity_is_the_distance_to_the_nearest_reference():
    random = np.random.RandomState(0)
    features, references = (random.standard_normal((count, 5)).astype(np.float32)
                            for count in (7, 11))
    pairs = np.linalg.norm(features[:, None] - references, axis=2)
    known = openset.Known(references)
    found = known.familiarity(features)
    assert found == pytest.approx(-pairs.min(axis=1), rel=1e-5) and found.dtype == np.float32
    assert known.familiarity(references) == pytest.approx(0, abs=1e-6)
    assert (known.familiarity(features * 100) < found - 10).all()


def test_the_threshold_lets_pass_the_share_that_it_says():
    values = np.random.RandomState(0).standard_normal(1000).astype(np.float32)
    said = openset.unknown(values)
    assert np.mean(values >= said["threshold"]) == pytest.approx(said["kept"], abs=0.002)
    assert np.mean(values >= said["threshold"]) >= said["kept"]
    assert openset.unknown(np.zeros(9, np.float32))["threshold"] == 0
