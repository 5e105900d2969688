"""The experiments frequency and patches, whole, on images of which it is known where their source shows."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from attribution.attribute import attribute
from attribution.train import train
from experiments import frequency, patches
from tests.attribution.conftest import write_set

TINY = {"fmap_base": 32, "fmap_max": 16, "minibatch": 16, "images": 640, "validate_every": 40,
        "checkpoint_every": 40, "learning_rate": 0.01, "beta1": 0.9}


@pytest.fixture
def told(tmp_path):
    """A function: two image sets of 96, {name: settings that differ} -> the Lab of their tests, by these names."""
    def of(images, networks):
        sets = [(name, write_set(tmp_path / name, values)) for name, values in images.items()]
        for number, changes in enumerate(networks.values()):
            config, out = tmp_path / f"{number}.json", tmp_path / str(number)
            config.write_text(json.dumps(TINY | changes))
            train(SimpleNamespace(images=sets, train=48, validation=8, start=None, seed=0,
                                  config=str(config), out=str(out / "model"), device="cpu"))
            attribute(SimpleNamespace(model=str(out / "model"), images=sets, first=56, count=40,
                                      out=str(out / "said"), device="cpu", fingerprints=False))
        return Lab(tmp_path, {name: f"{number}/said" for number, name in enumerate(networks)})
    return of


def test_a_checkerboard_is_gone_with_the_highest_band(told):
    """The filter takes it away whole, as does a 2x2 average; what is left tells no more than a guess."""
    random = np.random.RandomState(0)
    plain, fine = random.randint(90, 160, (2, 96, 8, 8, 3))
    board = (np.indices((8, 8)).sum(axis=0) % 2 * 2 - 1) * random.choice((-40, 40), (96, 1, 1))
    lab = told({"plain": plain.astype(np.uint8), "fine": (fine + board[..., None]).astype(np.uint8)}, {
        f"{kind}/{size}": {"mode": mode, "switching_res": size}
        for kind, mode in frequency.KINDS.items() for size in (8, 4)})
    kinds = frequency.measure(lab, frequency.Settings())["kinds"]
    shrunk, band, pooled = ({size: share for size, _, share, _ in points} for _, points in kinds)
    assert min(shrunk[8], band[8], pooled[4]) > 0.9
    assert max(shrunk[4], band[4], pooled[8]) < 0.7


def stripes(*widths):
    """96 images, 16 pixels, of upright stripes of these widths in any order, 2 pixels apart at least."""
    random, images = np.random.RandomState(1), np.full((96, 16, 16, 3), 60, np.uint8)
    for image in images:
        place = 2
        for width in random.permutation(widths):
            place += random.randint(0, 2)
            image[:, place:place + width] = 180
            place += width + 2
    return images


def test_small_patches_see_edges_and_large_ones_how_far_they_are_apart(told):
    """2 + 6 and 4 + 4 pixels have the same patches of 3, equally often: their averages are equal."""
    lab = told({"alike": stripes(4, 4), "other": stripes(2, 6)}, {
        f"{size}/{patches.patch(16, size)}": {"latent_res": size, "head_width": 8} for size in (16, 4)})
    (*_, small, _), (*_, large, _) = patches.measure(lab, patches.Settings())["patches"]
    assert small == pytest.approx(0.5, abs=0.1) and large > 0.95
