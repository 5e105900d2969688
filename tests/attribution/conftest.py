"""Small image sets whose classes a small network can tell apart, and command lines run in this process."""

import os

import numpy as np
import pytest

from attribution import device
from sources.contract import imagesets


@pytest.fixture(scope="session", autouse=True)
def on_the_device():
    """The CPU, or what GANFP_TEST_DEVICE names."""
    os.environ["OMP_NUM_THREADS"] = "1"  # one process cannot share its cores now so and now so
    device.choose(os.environ.get("GANFP_TEST_DEVICE", "cpu"))


def write_set(folder, images):
    """An image set of uint8 images (N, R, R, 3); returns its folder as text."""
    with imagesets.Writer(str(folder), len(images), images.shape[1]) as writer:
        writer.append(images)
        writer.finish("test", {"architecture": folder.name}, {"versions": {}})
    return str(folder)


@pytest.fixture
def image_sets(tmp_path):
    """[(name, folder)] of three sets of 24 images of 8 pixels: dark, bright, striped."""
    random = np.random.RandomState(0)
    stripes = np.arange(8)[None, :, None, None] % 2 * 200
    values = {"dark": 30, "bright": 190, "striped": stripes}
    return [(name, write_set(tmp_path / name, (random.randint(0, 50, (24, 8, 8, 3)) + value).astype(np.uint8)))
            for name, value in values.items()]
