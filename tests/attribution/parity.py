"""The published numbers of tests/fixtures/parity, and how near ours must come."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from attribution.import_ import import_
from attribution.settings import Settings
from sources.contract import models

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "parity"


def load(case, folder):
    """Import the checkpoint of `case` to `folder`: (description, settings, weights, expected arrays)."""
    import_(SimpleNamespace(checkpoint=str(FIXTURES / case / "network.pkl"), resolution=None,
                            out=str(folder)))
    description, weights = models.read(str(folder), "classifier", "visnet")
    with np.load(FIXTURES / case / "io.npz") as arrays:
        return description, Settings(**description["settings"]), weights, dict(arrays)


def nhwc(images):
    """Published (N, C, H, W) to ours (N, H, W, C)."""
    return np.ascontiguousarray(np.transpose(images, (0, 2, 3, 1)))


def assert_near(ours, expected, absolute=0.0, relative=0.0, name=""):
    """Every value within absolute + relative * |expected|; the largest difference and its place in the message."""
    ours, expected = np.asarray(ours), np.asarray(expected)
    assert ours.shape == expected.shape, f"{name}: {ours.shape} instead of {expected.shape}"
    excess = np.abs(ours - expected) - absolute - relative * np.abs(expected)
    place = np.unravel_index(np.argmax(excess), excess.shape)
    assert excess[place] <= 0, f"{name}{list(map(int, place))}: {ours[place]} instead of {expected[place]}"


def assert_near_by_norm(ours, expected, relative, name):
    """|ours - expected| <= relative * |expected|, Euclidean norms."""
    distance = np.linalg.norm(np.asarray(ours) - expected) / np.linalg.norm(expected)
    assert distance <= relative, f"{name}: relative distance {distance:.2e}, allowed {relative:.0e}"
