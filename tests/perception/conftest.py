"""The two networks, and image sets."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attribution.perception import device, efficientnet, lpips, weights
from sources.contract import imagesets

CAT = Path(__file__).resolve().parents[1] / "fixtures" / "pictures" / "chelsea.png"

device.choose(os.environ.get("GANFP_TEST_DEVICE", "cpu"))


@pytest.fixture(scope="session")
def efficient():
    return efficientnet.EfficientNet(weights.efficientnet())


@pytest.fixture(scope="session")
def alex():
    return lpips.Lpips(weights.alexnet())


@pytest.fixture(scope="session")
def cat():
    """uint8 (64, 64, 3)."""
    return np.asarray(Image.open(CAT))


def pictures(count, size, seed=0):
    """Random colours that change slowly over the picture: uint8 (count, size, size, 3)."""
    coarse = np.random.RandomState(seed).randint(0, 256, (count, 4, 4, 3)).astype(np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((size, size), Image.Resampling.BICUBIC))
                     for one in coarse])


def write_set(folder, images):
    """An image set; returns its folder as text."""
    with imagesets.Writer(str(folder), len(images), images.shape[1]) as writer:
        writer.append(images)
        writer.finish("test", {"architecture": folder.name}, {"versions": {}})
    return str(folder)
