"""Experiments that train networks of several forms, or tell many trainings apart: what they measure and show."""

import json

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from attribution.analysis.metrics import wilson
from experiments import frequency, parts, patches, subsets

TRUTH = np.repeat(np.arange(3), 20)


@pytest.fixture
def lab(tmp_path):
    """A function: {name: share of right answers} -> the Lab of methods that were so often right, of 3 x 20 images."""
    def of(shares, labels=("real", "A", "B")):
        places = {}
        for number, (name, share) in enumerate(shares.items()):
            places[name], folder = str(number), tmp_path / str(number)
            folder.mkdir()
            right = np.arange(60) % 20 < share * 20
            np.save(folder / "scores.npy", np.eye(3, dtype=np.float32)[np.where(right, TRUTH, (TRUTH + 1) % 3)])
            sets = [{"name": label, "first": 0, "count": 20} for label in labels]
            (folder / "attribution.json").write_text(json.dumps({"labels": list(labels), "sets": sets}))
        return Lab(tmp_path, places)
    return of


def part(shown, kind):
    """The one part of this kind of a section."""
    (found,) = [one for one in shown.parts if isinstance(one, kind)]
    return found


SHARES = {"pre-downsampling/32": 1, "pre-downsampling/4": 0.5, "pre-downsampling residual/32": 0.9,
          "pre-downsampling residual/4": 0.4, "post-pooling/32": 0, "post-pooling/4": 1}


def test_accuracy_by_resolution_of_every_kind_of_network(lab):
    found = frequency.measure(lab(SHARES), frequency.Settings())
    assert found["chance"] == pytest.approx(1 / 3)
    assert [[kind, [point[::2] for point in points]] for kind, points in found["kinds"]] == [
        ["pre-downsampling", [[32, 1], [4, 0.5]]],
        ["pre-downsampling residual", [[32, 0.9], [4, 0.4]]],
        ["post-pooling", [[32, 0], [4, 1]]]]


def test_the_section_of_frequencies_has_a_line_for_every_kind(lab):
    shown = frequency.section(frequency.measure(lab(SHARES), frequency.Settings()), [])
    assert shown.headline.value == "50.0 %" and "4 × 4 pixels" in shown.headline.text
    lines = dict(part(shown, parts.Lines).series)
    assert list(lines) == list(frequency.KINDS)
    assert [point[::2] for point in lines["pre-downsampling residual"]] == [(32, 0.9), (4, 0.4)]
    assert all(low < value < high for _, low, value, high in lines["pre-downsampling residual"])
    assert part(shown, parts.Table).rows == [("32", "100 %", "90.0 %", "0.0 %"), ("4", "50.0 %", "40.0 %", "100 %")]


@pytest.mark.parametrize(("resolution", "seen"), [
    (128, {128: 3, 64: 10, 32: 24, 16: 52, 8: 108, 4: 128}), (32, {32: 3, 16: 10, 8: 24, 4: 32})])
def test_the_patches_of_the_paper(resolution, seen):
    assert {size: patches.patch(resolution, size) for size in seen} == seen


def test_accuracy_by_the_size_of_patches(lab):
    found = patches.measure(lab({"32/3": 0.5, "16/10": 0.75}), patches.Settings())
    assert found == {"chance": pytest.approx(1 / 3), "patches": [
        [32, 3, *wilson(30, 60)], [16, 10, *wilson(45, 60)]]}
    shown = patches.section(found, [])
    assert shown.headline.value == "50.0 %" and "3 × 3 pixels" in shown.headline.text
    assert part(shown, parts.Lines).series == [
        ("average of the patches", [(3, *wilson(30, 60)), (10, *wilson(45, 60))])]
    assert part(shown, parts.Table).rows == [("3", "32", "50.0 %"), ("10", "16", "75.0 %")]


def test_recall_of_every_subset_in_order_of_what_was_replaced(lab):
    known = lab({"scores": 0.75}, ["real", "replaced-100", "replaced-1"])
    found = subsets.measure(known, subsets.Settings(base=200, replaced=[100, 1]))
    assert (found["accuracy"], found["by_replaced"]) == (0.75, [[1, 0.75], [100, 0.75]])
    shown = subsets.section(found, [{"dataset": "CelebA", "value": 0.5, "verified": False}])
    assert shown.headline.value == "75.0 %" and "200 images" in shown.lead
    assert part(shown, parts.Lines).series == [("recall", [(1, 0.75, 0.75, 0.75), (100, 0.75, 0.75, 0.75)])]
    assert part(shown, parts.Confusion).counts == found["confusion"]
    assert ("paper, CelebA", "50.0 % *") in part(shown, parts.Table).rows


def test_the_published_subsets_are_the_defaults():
    published = subsets.Settings()
    assert published.base == max(published.replaced) == 100_000 and len(published.replaced) == 10
