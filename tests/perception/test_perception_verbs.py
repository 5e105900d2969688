"""features, nearest and the command line."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.perception import features as features_verb
from attribution.perception import nearest as nearest_verb
from attribution.perception import neighbours, weights
from sources.contract.errors import BadInput
from tests.perception.conftest import pictures, write_set


def features(out, *sets, first=0, count=None):
    features_verb.features(SimpleNamespace(images=list(sets), first=first, count=count, device="cpu",
                                           out=str(out)))
    return np.load(out / "features.npy"), json.loads((out / "features.json").read_text())


def nearest(out, images, reference, first=0, count=None, among=None):
    nearest_verb.nearest(SimpleNamespace(images=images, first=first, count=count, reference=reference,
                                         reference_count=among, device="cpu", out=str(out)))
    return np.load(out / "distances.npy"), json.loads((out / "distances.json").read_text())


def test_features_of_several_sets_row_after_row(tmp_path, efficient):
    one, two = pictures(3, 64), pictures(4, 64, seed=1)
    sets = [(name, write_set(tmp_path / name, images)) for name, images in (("one", one), ("two", two))]
    found, said = features(tmp_path / "out", *sets, first=1, count=2)
    assert (found.shape, found.dtype, said["network"]) == ((4, 1280), np.float32, "EfficientNet-Lite0")
    assert [(part["name"], part["first"], part["count"]) for part in said["sets"]] == [("one", 1, 2), ("two", 1, 2)]
    for row, image in zip(found, (one[1], one[2], two[1], two[2]), strict=True):
        np.testing.assert_allclose(row, efficient.features(image[None])[0], atol=1e-4)


@pytest.fixture
def sets(tmp_path):
    """70 images, of which number 68 is the reference's number 65 of 66; and their folders."""
    images, reference = pictures(70, 32), pictures(66, 32, seed=1)
    images[68] = reference[65]
    return images, reference, write_set(tmp_path / "images", images), write_set(tmp_path / "others", reference)


def brute_force(alex, images, reference):
    vectors, others = (alex.embed(part).numpy().astype(float) for part in (images, reference))
    return np.array([((vector - others) ** 2).sum(axis=1).min() for vector in vectors])


def test_the_nearest_is_that_of_all_pairs_and_a_copy_is_at_distance_zero(tmp_path, sets, alex, monkeypatch):
    """Both sets have more than one block; with so little memory the reference passes by twice."""
    monkeypatch.setattr(neighbours, "MEMORY", 1)
    images, reference, *folders = sets
    found, said = nearest(tmp_path / "out", *folders)
    assert found.dtype == np.float32 and found[68] == 0
    np.testing.assert_allclose(found, brute_force(alex, images, reference), rtol=1e-4, atol=1e-9)
    assert said["reference"]["count"] == 66 and said["weights_sha256"] == weights.ALEXNET.sha256


def test_rows_of_both_sets(tmp_path, sets, alex):
    images, reference, *folders = sets
    found, said = nearest(tmp_path / "out", *folders, first=60, count=9, among=5)
    again, _ = nearest(tmp_path / "again", *folders, first=60, count=9, among=5)
    np.testing.assert_array_equal(again, found)  # the same bits
    np.testing.assert_allclose(found, brute_force(alex, images[60:69], reference[:5]), rtol=1e-4)
    assert (said["images"]["first"], said["images"]["count"], said["reference"]["count"]) == (60, 9, 5)


def test_bad_input_is_named(tmp_path, sets):
    *_, images, reference = sets
    large = write_set(tmp_path / "large", pictures(2, 64))
    for arguments, said in (((images, large), "--reference .*large: 64 pixels, but those of --images have 32"),
                            ((images, reference, 70), "--images .*: has 70 images, 71 are needed"),
                            ((images, reference, 0, 2, 67), "--reference .*: has 66 images, 67 are needed")):
        with pytest.raises(BadInput, match=said):
            nearest(tmp_path / "out", *arguments)
    with pytest.raises(BadInput, match="--images large: has 2 images, 3 are needed"):
        features(tmp_path / "out", ("large", large), count=3)


def test_a_wrong_argument_is_one_line_and_loads_no_tensorflow(tmp_path, sets):
    *_, images, reference = sets
    words = [sys.executable, "-X", "importtime", "-m", "attribution.perception", "nearest", "--images", images,
             "--reference", reference, "--reference-count", "67", "--out", str(tmp_path / "out")]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    *loaded, complaint = ended.stderr.splitlines()
    assert ended.returncode == 2 and complaint == f"error: --reference {reference}: has 66 images, 67 are needed"
    assert not [line for line in loaded if "tensorflow" in line]
