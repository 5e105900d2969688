"""Calibration: temperatures and errors that are known before they are measured."""

import numpy as np
import pytest

from attribution.analysis.lab import Lab, Scores
from experiments import calibration, parts, robustness
from orchestration import manifest
from orchestration.study import Study
from tests.experiments import answers

LABELS = ["real", "A", "B", "C"]


def draw(images, temperature=1.0, seed=0):
    """Scores of a method that is right as often as scores / temperature say."""
    random = np.random.default_rng(seed)
    values = random.normal(scale=2, size=(images, len(LABELS)))
    truth = (values + random.gumbel(size=values.shape)).argmax(axis=1)
    return Scores(LABELS, truth, values * temperature)


def study():
    return Study(manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"},
        "images": {"gan": 9, "train": 4, "validation": 2, "test": 3},
        "sources": {"A": {"image": "a"}, "B": {"image": "b"}},
        "methods": {"classifier": {"image": "attribution"}, "other": {"image": "me/other"}}}))


@pytest.mark.parametrize("temperature", [0.5, 1, 2, 5])
def test_the_temperature_of_a_method_is_found(temperature):
    scores = draw(20_000, temperature)
    assert calibration._temperature(scores) == pytest.approx(temperature, rel=0.05)


def test_a_calibrated_method_has_no_error_of_calibration():
    quality = calibration._quality(draw(100_000), 1, 15)
    assert quality["ece"] < 0.005
    assert all(low <= right <= high for _, low, right, high in quality["reliability"])
    assert all(abs(sure - right) < 0.03 for sure, _, right, _ in quality["reliability"])


def test_a_method_that_is_too_sure_is_mended():
    found = calibration._before_and_after(draw(5000, 2), draw(20_000, 2, seed=1), 15)
    assert found["after"]["ece"] < 0.02 < 0.05 < found["before"]["ece"]
    assert found["after"]["nll"] < found["before"]["nll"]
    assert found["after"]["brier"] < found["before"]["brier"]


@pytest.mark.parametrize("seed", range(20))
def test_scaling_never_raises_the_nll_of_the_images_it_was_fitted_on(seed):
    random = np.random.default_rng(seed)
    values = random.normal(scale=10 ** random.uniform(-2, 2), size=(random.integers(1, 60), 4))
    scores = Scores(LABELS, random.integers(4, size=len(values)), values)
    found = calibration._before_and_after(scores, scores, 15)
    assert found["after"]["nll"] <= found["before"]["nll"] + 1e-12


def test_an_oracle_is_told_to_be_as_sure_as_the_search_allows():
    scores = Scores(LABELS, np.arange(4), np.eye(4))
    assert calibration._temperature(scores) == pytest.approx(calibration.COLDEST)


def test_the_errors_of_a_method_that_says_the_same_of_everything():
    scores = Scores(LABELS, np.repeat([0, 1, 2, 3], [70, 10, 10, 10]), np.zeros((100, 4)))
    quality = calibration._quality(scores, 1, 15)
    assert quality["nll"] == pytest.approx(np.log(4)) and quality["brier"] == pytest.approx(0.75)
    assert quality["ece"] == pytest.approx(0.45)  # it says 1/4 and the first label, and 70 % are


def test_the_order_of_the_images_does_not_matter_where_answers_are_equally_sure():
    scores = draw(300)
    rounded = Scores(LABELS, scores.truth, scores.values.round())
    order = np.random.default_rng(1).permutation(300)
    shuffled = Scores(LABELS, rounded.truth[order], rounded.values[order])
    assert calibration._quality(shuffled, 1, 15)["ece"] == pytest.approx(
        calibration._quality(rounded, 1, 15)["ece"])


def test_bins_hold_equally_many_images_and_none_is_empty():
    certainty, right = np.linspace(0.3, 1, 32), np.ones(32)
    sizes = [images for _, _, images in calibration._bins(certainty, right, 15)]
    assert sum(sizes) == 32 and set(sizes) == {2, 3}
    assert len(calibration._bins(certainty[:4], right[:4], 15)) == 4


def test_the_interval_is_wilsons():
    low, share, high = calibration._with_interval(0.5, 0.5, 100)[1:]
    assert (low, share, high) == pytest.approx((0.404, 0.5, 0.596), abs=1e-3)
    assert calibration._with_interval(0.5, 1.0, 10)[3] == 1


def test_temperatures_come_from_validation_images_and_errors_from_test_ones(tmp_path):
    validation, test = draw(400, 3), draw(800, 1, seed=1)
    for rows, scores in (("validation", validation), ("test", test)):
        order = scores.truth.argsort(kind="stable")
        sets = dict(zip(LABELS, np.bincount(scores.truth).tolist(), strict=True))
        answers.write(tmp_path / rows, LABELS, sets, scores.values[order])
    lab = Lab(tmp_path, {"validation/mine": "validation", "test/mine": "test"})
    (found,) = calibration.measure(lab, calibration.Settings(kinds=[]))["methods"]
    assert found["name"] == "mine" and found["images"] == 800
    assert found["temperature"] == pytest.approx(3, rel=0.3)
    assert found["after"]["nll"] > found["before"]["nll"]


def test_every_method_scores_validation_and_test_images():
    asked = study()
    handles = calibration.steps(asked, calibration.Settings(kinds=[]))
    assert list(handles) == ["validation/classifier", "test/classifier",
                             "validation/other", "test/other"]
    rows = {stage.name: stage.command[stage.command.index("--first") + 1:][:3:2]
            for stage in asked.stages if "--first" in stage.command}
    assert {name: rows[handle.stage] for name, handle in handles.items()} == {
        "validation/classifier": ("4", "2"), "test/classifier": ("6", "3"),
        "validation/other": ("4", "2"), "test/other": ("6", "3")}
    for words, settings in (("bins: expected 1 or more, found 0", {"bins": 0}),
                            ("kinds: expected some of .*, found fog", {"kinds": ["fog"]})):
        with pytest.raises(ValueError, match=words):
            calibration.steps(study(), calibration.Settings(**settings))


def test_perturbed_images_are_those_of_robustness():
    asked = study()
    robust = robustness.steps(asked, robustness.Settings(kinds=["noise", "jpeg"], strengths=[]))
    found = calibration.steps(asked, calibration.Settings(kinds=["noise", "jpeg"]))
    assert found["perturbed"] == robust["before"]


def write_perturbed(folder, **conditions):
    """The answers of a method, {condition: Scores}, in one stage."""
    sets, values = {}, []
    for condition, scores in conditions.items():
        order = scores.truth.argsort(kind="stable")
        counts = np.bincount(scores.truth, minlength=len(LABELS)).tolist()
        sets |= {f"{label}@{condition}": count for label, count in zip(LABELS, counts, strict=True)}
        values.append(scores.values[order])
    answers.write(folder, LABELS, sets, np.concatenate(values))


def test_the_temperature_of_clean_images_leaves_a_method_too_sure_of_perturbed_ones(tmp_path):
    clean, hotter = draw(4000, 2), draw(4000, 6, seed=1)
    for name, scores in (("validation", draw(4000, 2, seed=2)), ("test", clean)):
        write_perturbed(tmp_path / name, x=scores)
        renamed = (tmp_path / name / "attribution.json").read_text().replace("@x", "")
        (tmp_path / name / "attribution.json").write_text(renamed)
    write_perturbed(tmp_path / "both", clean=clean, noise=hotter)
    lab = Lab(tmp_path, {"validation/mine": "validation", "test/mine": "test", "perturbed": "both"})
    result = calibration.measure(lab, calibration.Settings(kinds=["noise"]))
    (first,), (same, noisy) = result["methods"], result["perturbed"]
    assert (same["name"], noisy["name"]) == ("clean", "noise")
    for when in ("before", "after"):
        assert same[when] == pytest.approx({error: first[when][error] for error in same[when]})
    assert same["after"]["ece"] < 0.03 < noisy["after"]["ece"] < noisy["before"]["ece"]
    assert noisy["after"]["nll"] < noisy["before"]["nll"]
    bars, table = calibration.section(result, []).parts[2:]
    assert [row[0] for row in bars.rows] == ["clean, before", "clean, after",
                                             "noise, before", "noise, after"]
    assert [len(row) for row in table.rows] == [len(table.columns)] * 2


def test_the_section_shows_the_diagram_and_every_method():
    found = {"name": "mine", **calibration._before_and_after(draw(500, 2), draw(500, 2), 15)}
    shown = calibration.section({"bins": 15, "methods": [found], "perturbed": []}, [])
    diagram, table = shown.parts
    assert isinstance(diagram, parts.Lines) and len(diagram.series) == 3
    assert len(diagram.series[0][1]) == 15
    assert [len(row) for row in table.rows] == [len(table.columns)]
