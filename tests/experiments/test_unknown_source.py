"""None of these: numbers that are known before they are measured, and who is left out of what."""

import itertools

import numpy as np
import pytest

from attribution.analysis.lab import Lab, Scores
from attribution.analysis.unknown import above, mahalanobis, rejection
from experiments import parts, unknown_source
from orchestration import manifest
from orchestration.study import Study
from sources.contract.errors import BadInput
from tests.experiments import answers

LABELS = ["real", "A"]
USUAL = unknown_source.Settings()


def study(**sources):
    return Study(manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"},
        "images": {"gan": 9, "train": 4, "validation": 2, "test": 3},
        "sources": sources or {"A": {"image": "a"}, "B": {"image": "b"}}}))


def after(stage, option):
    return stage.command[stage.command.index(option) + 1]


def shown(stage):
    """The names of the image sets that a command is given."""
    words = itertools.pairwise(stage.command)
    return [word.split("=")[0] for option, word in words if option == "--images"]


def lab(folder, unknown, features=False):
    """A method that is sure of 100 images of each known source; unknown: scores of another one."""
    known = np.repeat(np.eye(2) * 5, 100, axis=0) + np.linspace(0, 0.1, 200)[:, None] * [1, -1]
    both = np.concatenate([known, unknown])
    for rows, values, sets in (("validation", known, {}), ("test", both, {"B": len(unknown)})):
        answers.write(folder / rows, LABELS, {**dict.fromkeys(LABELS, 100), **sets}, values,
                      values if features else None)
        if features:
            np.save(folder / rows / "familiarity.npy", values.max(axis=1))
    return Lab(folder, {"architecture/B/validation": "validation", "architecture/B/test": "test"})


def test_equal_distributions_cannot_be_told_apart_and_separate_ones_always():
    values = np.random.default_rng(0).normal(size=2000)
    assert above(values[:1000], values[1000:]) == pytest.approx(0.5, abs=0.03)
    assert above(values, values) == 0.5
    assert above(np.ones(9), np.zeros(4)) == 1
    assert above(np.zeros(9), np.ones(4)) == 0
    assert above(np.ones(9), np.ones(4)) == 0.5


def test_the_auroc_is_the_share_of_pairs_that_stand_rightly():
    known, unknown = np.array([3, 1, 2, 2.0]), np.array([2, 0, 3.0])
    pairs = [(one > other) + (one == other) / 2 for one in known for other in unknown]
    assert above(known, unknown) == pytest.approx(np.mean(pairs))


def test_oscr_counts_only_known_images_that_are_named_rightly():
    known, unknown = np.arange(10, 110.0), np.arange(10.0)
    half = np.arange(100) % 2 == 0
    found = rejection(known, known, half, unknown, 0.95, 0.05)
    assert (found["auroc"], found["oscr"], found["ccr"]) == (1, 0.5, 0.5)
    none = rejection(known, known, np.zeros(100, bool), unknown, 0.95, 0.05)
    assert (none["auroc"], none["oscr"], none["ccr"]) == (1, 0, 0)


def test_ccr_is_told_where_one_unknown_image_of_twenty_is_taken_for_a_known_one():
    unknown = np.arange(100.0)
    known = np.concatenate([np.full(30, 94.5), np.full(70, 93.5)])
    found = rejection(known, known, np.ones(100, bool), unknown, 0.95, 0.05)
    assert found["ccr"] == 0.3  # above 94 lie five of the hundred


def test_the_threshold_keeps_what_it_should_of_validation_images():
    validation = np.random.default_rng(0).normal(size=1000)
    for kept in (0.5, 0.95, 0.999):
        found = rejection(validation, validation, np.ones(1000, bool), validation - 10, kept, 0.05)
        assert kept <= found["kept"] <= kept + 0.002 and found["rejected"] == pytest.approx(1)


def test_the_threshold_does_not_look_at_test_images():
    validation, known, unknown = np.random.default_rng(0).normal(size=(3, 100))
    one, other = (rejection(validation, known + moved, np.ones(100, bool), unknown - moved, 0.95,
                            0.05) for moved in (0, 5))
    assert one["threshold"] == other["threshold"]


def test_a_method_that_is_not_sure_of_an_unknown_source_notices_it(tmp_path):
    unknown = np.random.default_rng(0).normal(scale=0.1, size=(100, 2)) + [0.2, 0]
    (found,) = unknown_source.measure(lab(tmp_path, unknown, features=True), USUAL)["unknown"]
    assert (found["kind"], found["name"], found["images"]) == ("architecture", "B", 100)
    assert found["accuracy"] == 1 and found["taken_for"][0] == "real"
    assert [score["name"] for score in found["scores"]] == [
        "maximum softmax", "energy", "Mahalanobis distance", "familiarity"]
    for score in found["scores"]:
        assert (score["auroc"], score["oscr"], score["ccr"], score["rejected"]) == (1, 1, 1, 1)
        assert 0.95 <= score["kept"] <= 0.96
    assert 0.5 < found["scores"][0]["threshold"] < 1


def test_a_method_that_takes_it_for_a_known_one_does_not(tmp_path):
    unknown = np.repeat([[5.0, 0]], 50, axis=0) + np.linspace(0, 0.1, 50)[:, None] * [1, -1]
    (found,) = unknown_source.measure(lab(tmp_path, unknown), USUAL)["unknown"]
    assert found["taken_for"] == ["real", 1]
    assert [score["name"] for score in found["scores"]] == ["maximum softmax", "energy"]
    assert all(score["auroc"] < 0.8 and score["rejected"] < 0.2 for score in found["scores"])


def test_the_mahalanobis_distance_counts_in_units_of_how_much_features_vary():
    random, truth = np.random.default_rng(0), np.repeat([0, 1], 500)
    def draw(away):
        drawn = random.normal(size=(1000, 3)) * [1, 30, 1]
        return drawn + 20 * truth[:, None] * [1, 0, 0] + [0, 0, away]
    references = draw(0)
    usual, apart = (mahalanobis(draw(away), references, truth) for away in (0, 10))
    assert np.square(usual).mean() == pytest.approx(3, rel=0.2)
    assert np.square(apart).mean() == pytest.approx(103, rel=0.3)
    assert above(usual, apart) == 1
    for flat in (np.repeat(references, 2, axis=1), np.ones((1000, 3))):
        assert np.isfinite(mahalanobis(flat, flat, truth)).all()


def test_a_score_that_is_surer_of_what_it_does_not_know_is_named(tmp_path):
    unknown = np.repeat([[9.0, 0]], 50, axis=0)
    (one,) = unknown_source.measure(lab(tmp_path, unknown, features=True), USUAL)["unknown"]
    shown = unknown_source.section({"kept": 0.95, "fpr": 0.05, "unknown": [one]}, [])
    assert one["scores"][0]["auroc"] == 0 and shown.headline.text.startswith(
        "is the AUROC of the familiarity")
    assert shown.parts[0].note.startswith("Worse than a guess: maximum softmax for B, energy for B")


def test_energy_is_the_logarithm_of_the_sum_of_powers_however_large():
    scores = Scores(LABELS, np.zeros(2, int), np.array([[1.0, 2.0], [1000, 1000]]))
    assert scores.energy == pytest.approx([np.log(np.exp(1) + np.exp(2)), 1000 + np.log(2)])


def test_unknown_images_are_no_part_of_an_accuracy(tmp_path):
    with pytest.raises(BadInput, match="not trained on"):
        lab(tmp_path, np.zeros((3, 2))).metrics("architecture/B/test")


def test_a_source_is_unknown_to_the_method_that_is_shown_it():
    asked = study(A={"image": "a"}, B={"image": "b"}, C={"image": "c"})
    handles = unknown_source.steps(asked, USUAL)
    stages = {stage.name: stage for stage in asked.stages}
    for name in asked.sources:
        for rows, first in (("validation", "4"), ("test", "6")):
            scored = stages[handles[f"architecture/{name}/{rows}"].stage]
            (train,) = (stages[one] for one in scored.inputs.values()
                        if one.startswith("classifier-") and one.endswith("/train"))
            assert name not in shown(train) and shown(train)[0] == "real"
            assert (name in shown(scored)) == (rows == "test")
            assert after(scored, "--first") == first and after(train, "--train") == "4"


def test_shorter_trainings_are_those_without_a_source_alone():
    asked = study()
    unknown_source.steps(asked, USUAL._replace(training={"images": 500}, seeds=1))
    configs = {stage.name: stage.config for stage in asked.stages
               if stage.name.startswith("classifier") and stage.name.endswith("/train")}
    assert configs == {"classifier-without-A/train": {"images": 500},
                       "classifier-without-B/train": {"images": 500}, "classifier/train": {}}


@pytest.mark.parametrize(("own", "others"), [(0, [1, 2]), (1, [0, 2]), (7, [0, 1])])
def test_other_seeds_are_shown_to_the_method_that_knows_every_source(own, others):
    asked = study(A={"image": "a", "seed": own}, B={"image": "b"})
    handles = unknown_source.steps(asked, USUAL._replace(seeds=2))
    stages = {stage.name: stage for stage in asked.stages}
    assert [name for name in handles if name.startswith("seed/") and name.endswith("/test")] == [
        f"seed/A-seed-{seed}/test" for seed in others]
    for seed in others:
        scored = stages[handles[f"seed/A-seed-{seed}/test"].stage]
        assert shown(scored) == ["real", "A", "B", f"A-seed-{seed}"]
        assert "classifier/train" in scored.inputs.values()
    assert len([name for name in stages if name.startswith("A") and name.endswith("/train")]) == 3


def test_what_is_new_about_a_source():
    sources = {"A": {"image": "a", "seed": 1}, "twin": {"image": "a"}, "B": {"image": "b"},
               "C": {"image": "c"}, "wide": {"image": "c", "settings": {"width": 9}}}
    asked = study(**sources)
    assert {name: asked.novelty(name) for name in sources} == {
        "A": "seed", "twin": "seed", "B": "architecture", "C": "training", "wide": "training"}


@pytest.mark.parametrize(("changes", "complaint"), [
    ({"kept": 1.0}, "kept: expected a share"), ({"fpr": 0.0}, "fpr: expected a share"),
    ({"seeds": -1}, "seeds: expected 0 or more")])
def test_settings_that_make_no_sense_are_refused(changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        unknown_source.steps(study(), USUAL._replace(**changes))


def test_one_source_cannot_be_left_out():
    with pytest.raises(ValueError, match="needs two or more"):
        unknown_source.steps(study(A={"image": "a"}), USUAL)


def test_the_section_tells_kinds_apart(tmp_path):
    unknown = np.random.default_rng(0).normal(scale=0.1, size=(100, 2))
    (one,) = unknown_source.measure(lab(tmp_path, unknown), USUAL)["unknown"]
    result = {"kept": 0.95, "fpr": 0.05, "unknown": [one, {**one, "name": "C", "kind": "seed"}]}
    told = unknown_source.section(result, [])
    assert told.headline.value == "1.00" and "2 unknown sources" in told.headline.text
    kinds = told.parts[1]
    assert [row[:3] for row in kinds.rows] == [
        ("another architecture", "1", "maximum softmax"), ("another architecture", "1", "energy"),
        ("another seed", "1", "maximum softmax"), ("another seed", "1", "energy")]
    for table in told.parts:
        if isinstance(table, parts.Table):
            assert all(len(row) == len(table.columns) for row in table.rows)
