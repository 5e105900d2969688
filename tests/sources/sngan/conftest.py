"""Chainer's import warns of what has aged around it; here, where warnings are errors, nothing would be collected."""

import warnings

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import chainer  # noqa: F401


@pytest.fixture(autouse=True)
def same_weights():
    """Chainer's initialisers draw from NumPy's global generator: the same in every run of a test."""
    np.random.seed(0)
