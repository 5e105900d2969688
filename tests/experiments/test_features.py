"""Features and spectra as they are planned, and what their sections say of what was measured."""

import pytest

from experiments import features, parts, spectra
from orchestration import manifest
from orchestration.study import Study

LABELS = ["real", "A"]
FIGURES = [
    {"dataset": "CelebA", "method": "Inception features", "value": 2.36, "verified": False},
    {"dataset": "CelebA", "method": "learnt fingerprints", "value": 454.76, "verified": False}]


@pytest.fixture
def study():
    return Study(manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"}, "sources": {"A": {"image": "a"}},
        "images": {"gan": 9, "train": 4, "validation": 2, "test": 3}}))


def kind(name, **more):
    square = [[1.0, 9.0], [9.0, 2.0]]
    return {"name": name, "dimensions": 1280, "components": 1280, "variance": 1.0, "ratio": 6.0,
            "distances": square, "apart": square, "correlations": square, "spread": [1, 0.5],
            "map": [[label, [[0, 0], [1, 1]]] for label in LABELS], **more}


def told(*kinds, figures=()):
    return features.section({"labels": LABELS, "images": 40, "kinds": list(kinds)}, list(figures))


def test_both_kinds_of_features_are_of_test_images(study):
    handles = features.steps(study, features.Settings())
    made = {stage.name: stage for stage in study.stages}
    for name in ("learnt", "generic"):
        command = made[handles[name].stage].command
        assert [word.split("=")[0] for word in command if "={in}" in word] == LABELS
        assert command[command.index("--first"):][:4] == ("--first", "6", "--count", "3")
    assert handles["learnt"].stage == "classifier/attribute"


def test_spectra_need_images_and_no_method(study):
    assert list(spectra.steps(study, spectra.Settings())) == LABELS
    assert [stage.name for stage in study.stages] == ["data", "A/train", "A/generate"]


def test_settings_that_make_no_sense_are_refused(study):
    with pytest.raises(ValueError, match="points: expected 10 or more, found 9"):
        features.steps(study, features.Settings(points=9))
    with pytest.raises(ValueError, match="images: expected 2 or more, found 1"):
        spectra.steps(study, spectra.Settings(images=1))


def test_figures_of_another_network_are_said_not_to_be_comparable():
    table = told(kind("learnt"), kind("generic"), figures=FIGURES).parts[0]
    said = {name: (value, note) for name, value, note in table.rows}
    assert said["paper, CelebA, Inception features"] == (
        "2.36 *", "another network: not comparable")
    assert "not comparable" not in said["paper, CelebA, learnt fingerprints"][1]
    assert "Not verified" in table.note and "20 test images" in table.note


def test_fewer_dimensions_are_told():
    few = kind("generic", components=10, variance=0.875)
    table = told(kind("learnt"), few).parts[0]
    assert [row[2] for row in table.rows] == [
        "all 1,280 dimensions", "10 of 1,280 dimensions, 87.5 % of the variance"]
    assert "principal components" in table.note
    assert "principal components" not in told(kind("learnt")).parts[0].note


def test_the_distance_to_real_images_stands_beside_that_of_their_own_halves():
    shown = told(kind("learnt"), kind("generic"))
    (bars,) = (part for part in shown.parts if isinstance(part, parts.Bars))
    assert [(name, value) for name, _, value, _ in bars.rows] == [
        ("real, their other half", 1), ("A", 9)]
    table = next(part for part in shown.parts if part.title == "How real, how varied")
    assert table.rows[1] == ("A", "9.00", "50.0 %")
    assert shown.headline.value == "6.00" and "EfficientNet-Lite0" in shown.headline.text


def test_halves_that_do_not_differ_leave_a_dash():
    assert told(kind("learnt", ratio=None)).headline.value == "–"


def source(name, decibels):
    square = [[1.0] * 8 for _ in range(8)]
    return {"name": name, "spectrum": [[30.0, *row[1:]] for row in square],
            "autocorrelation": square, "lag": [4, 0, 0.5],
            "radial": [[place / 8, value - 1, value, value + 1]
                       for place, value in enumerate(decibels, 1)]}


def test_the_headline_of_spectra_is_the_largest_departure_above_or_below():
    shown = spectra.section({"images": 9, "sources": [
        source("real", [0, 0]), source("A", [3, 1]), source("B", [2, -12])]}, [])
    assert shown.headline.value == "−12.0 dB"
    assert "residuals of B, at 0.250 cycles per pixel" in shown.headline.text
    (table,) = (part for part in shown.parts if isinstance(part, parts.Table))
    assert table.rows[1] == ("A", "0.125", "+3.0", "+2.0 to +4.0", "4 down, 0 across", "0.50")
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_what_is_shown_of_spectra_side_by_side():
    sources = [source("real", [0]), source("A", [1])]
    level, repeated = (part for part in spectra.section({"images": 9, "sources": sources}, []).parts
                       if isinstance(part, parts.Heatmap))
    assert level.columns == ["real"] * 8 + [""] + ["A"] * 8
    assert level.values[0] == [20, *[1.0] * 7, None, 20, *[1.0] * 7]
    assert [row.count(None) for row in repeated.values] == [1, 1, 11, 11, 11, 11, 11, 1]
