"""The comparison of methods: numbers that are known before it measures them."""

import json
from math import comb
from statistics import NormalDist

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from attribution.analysis.metrics import wilson
from experiments import baselines, parts

TRUTH = np.repeat(np.arange(3), 40)
LABELS = ["real", "A", "B"]
FIGURES = [
    {"dataset": "CelebA", "method": "kNN", "value": 0.28, "verified": False},
    {"dataset": "LSUN bedroom", "method": "kNN", "value": 0.363, "verified": False},
    {"dataset": "CelebA", "method": "Eigenface", "value": 0.5328, "verified": False}]


@pytest.fixture
def measured(tmp_path):
    """A function: {method: predicted label of every image} -> what the experiment measures."""
    def of(predicted):
        sets = [{"name": label, "first": 0, "count": 40} for label in LABELS]
        for name, labels in predicted.items():
            (tmp_path / name).mkdir()
            np.save(tmp_path / name / "scores.npy", np.eye(3, dtype=np.float32)[labels])
            answer = json.dumps({"labels": LABELS, "sets": sets})
            (tmp_path / name / "attribution.json").write_text(answer)
        lab = Lab(tmp_path, {name: name for name in predicted})
        return baselines.measure(lab, baselines.Settings())
    return of


def wrong(*rows):
    """The truth, but for these rows."""
    said = TRUTH.copy()
    said[list(rows)] = (said[list(rows)] + 1) % 3
    return said


def test_a_method_is_no_better_than_itself(measured):
    found = measured({"one": wrong(1, 2), "same": wrong(1, 2)})
    assert found["methods"][0]["against"] is None
    assert found["methods"][1]["against"] == {"first_alone": 0, "alone": 0, "p": 1, "holm": 1}


def test_only_images_that_one_alone_is_right_about_count(measured):
    found = measured({"one": wrong(0, 1, 2), "other": wrong(*range(1, 12)),
                      "worse": (TRUTH + 1) % 3})
    other, worse = (one["against"] for one in found["methods"][1:])
    assert (other["first_alone"], other["alone"]) == (9, 1)
    assert other["p"] == pytest.approx(2 * 11 / 2 ** 10)
    assert worse["first_alone"] == 117 and worse["p"] == pytest.approx(2 ** -116)
    assert (other["holm"], worse["holm"]) == (other["p"], 2 * worse["p"])


@pytest.mark.parametrize(("first", "other"), [(0, 0), (5, 5), (3, 9), (30, 12), (0, 7)])
def test_the_exact_test_is_the_tail_of_a_fair_coin(first, other):
    count = first + other
    tail = sum(comb(count, number) for number in range(min(first, other) + 1)) / 2 ** count
    assert baselines.mcnemar(first, other) == pytest.approx(min(2 * tail, 1))
    assert baselines.mcnemar(first, other) == baselines.mcnemar(other, first)


def test_the_exact_test_takes_many_images():
    """It comes near the tail of the normal distribution, with a correction for continuity."""
    z = (10_150 - 9_680 - 1) / (10_150 + 9_680) ** 0.5
    assert baselines.mcnemar(10_150, 9_680) == pytest.approx(2 * NormalDist().cdf(-z), rel=0.01)
    assert baselines.mcnemar(20_000, 0) == 0


def test_holm_by_hand():
    assert baselines.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert baselines.holm([0.6, 0.5]) == [1, 1] and baselines.holm([]) == []


def test_an_interval_holds_the_share_and_narrows():
    for right, images in ((0, 10), (5, 10), (10, 10), (500, 1000)):
        low, share, high = wilson(right, images)
        assert 0 <= low <= share == right / images <= high <= 1
    assert wilson(0, 10)[2] == pytest.approx(0.2775, abs=1e-4)  # Wilson 1927
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 1000), rel=0.01)


def test_the_section_shows_every_method_beside_what_was_published(measured):
    shown = baselines.section(measured({"classifier": TRUTH, "kNN": wrong(*range(60)),
                                        "Eigenface": wrong(*range(24)),
                                        "Eigenface-SVM": wrong(*range(12))}), FIGURES)
    bars, table, published = shown.parts
    assert isinstance(bars, parts.Bars) and [row[0] for row in bars.rows][-1] == "Eigenface-SVM"
    assert table.rows[0] == ("kNN", "50.0 %", "60", "0", "under 0.0001", "under 0.0001")
    assert published.rows == [("kNN", "50.0 %", "28.0 % *", "36.3 % *"),
                              ("Eigenface", "80.0 % / 90.0 %", "53.3 % *", "–")]
    assert "Not verified" in published.note
    assert shown.headline.value == "100 %" and "Eigenface-SVM, has 90.0 %" in shown.headline.text


def test_a_manifest_of_one_method_is_shown_too(measured):
    shown = baselines.section(measured({"classifier": TRUTH}), [])
    assert len(shown.parts) == 1 and "no other method" in shown.headline.text
