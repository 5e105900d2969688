"""Robustness: what it plans, and what it finds where that is known before."""

import json
from collections import Counter

import numpy as np
import pytest

import attribution.settings
from attribution import perturbations
from attribution.analysis.lab import Lab
from experiments import robustness
from experiments.robustness import Settings
from orchestration import manifest, plan
from orchestration.errors import UserError

LABELS = ["real", "A"]
SMALL = Settings(kinds=["noise", "jpeg"], strengths=[2.0], curve_images=2)


def planned(**settings):
    """{name: stage} of a study with two sources that asks for robustness."""
    study = manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"}, "device": "cpu",
        "images": {"gan": 9, "train": 4, "validation": 2, "test": 3},
        "sources": {"A": {"image": "a"}},
        "methods": {"classifier": {"image": "attribution", "settings": {"images": 200}}},
        "experiments": {"existence": {}, "robustness": settings}})
    return {stage.name: stage for stage in plan.expand(study).stages}


def verbs(stages):
    return Counter((stage.image, stage.command[0]) for stage in stages.values())


def test_what_is_asked_for_twice_is_made_once():
    kinds, strengths, sources = 2, 1, 2
    found = verbs(planned(kinds=["noise", "jpeg"], strengths=[2.0]))
    assert found["attribution", "perturb"] == sources * kinds * (1 + strengths)
    assert found["attribution", "train"] == 1 + kinds
    assert found["attribution", "attribute"] == 1 + 2 * (1 + kinds)  # the first: existence
    once = verbs(planned(kinds=["noise", "jpeg"], strengths=[], finetuned_on="combination"))
    assert once["attribution", "perturb"] == sources * (kinds + 1)
    assert once["attribution", "train"] == 2 and once["attribution", "attribute"] == 1 + 2
    half = verbs(planned(kinds=["noise"], strengths=[], share=0.5))
    assert half["attribution", "perturb"] == 2 * sources


def test_the_published_settings_plan_every_perturbation():
    stages = planned()
    assert verbs(stages)["attribution", "perturb"] == 2 * 6 * 5
    kinds = {stage.config["kind"] for stage in stages.values() if stage.command[0] == "perturb"}
    assert kinds == {*perturbations.ORDER, "combination"}
    for stage in stages.values():
        if stage.command[0] == "perturb":
            perturbations.from_config(stage.config)


def test_finetuning_goes_on_from_the_trained_model_and_sees_no_test_image():
    stages = planned(kinds=["noise"], strengths=[], finetuning=0.1)
    tuned = stages["classifier-immune-to-noise/train"]
    words = dict(zip(tuned.command, tuned.command[1:], strict=False))
    assert words["--start"] == "{in}/classifier-train" and tuned.config["images"] == 20
    assert (words["--train"], words["--validation"]) == ("4", "2")
    assert {stages[name].command[0] for name in tuned.inputs.values()} == {"perturb", "train"}
    whole = stages["A-noise/perturb"]
    assert "--first" not in whole.command  # rows keep their places: train tells them apart


def test_the_published_training_is_that_of_the_classifier():
    assert attribution.settings.Settings().images == robustness._TRAINING


def test_curves_look_at_test_images_alone():
    stages = planned(kinds=["noise"], strengths=[2.0], curve_images=2)
    words = stages["A-noise/perturb-2"].command
    assert words[words.index("--first"):][:4] == ("--first", "6", "--count", "2")
    curves = stages["classifier-immune-to-noise/attribute-2"].command
    assert "--first" not in curves and "real@noise@2.0={in}/real-noise-perturb-2" in curves


def test_a_reading_that_differs_is_told_to_the_perturbation():
    one = planned(kinds=["noise"], strengths=[], noise_scale="deviation")["A-noise/perturb"]
    assert one.config == {"kind": "noise", "noise_scale": "deviation"}


@pytest.mark.parametrize("settings, words", [
    ({"kinds": ["fog"]}, "kinds: expected some of noise, .*, found fog"),
    ({"kinds": []}, "found none"), ({"strengths": [0.0]}, "strengths"),
    ({"strengths": [3.0]}, "strengths"), ({"strengths": [1.0]}, "strengths"),
    ({"share": 0.0}, "share"), ({"curve_images": 0}, "curve_images"),
    ({"finetuning": 0.0}, "finetuning"),
])
def test_settings_that_make_no_sense(settings, words):
    with pytest.raises(UserError, match=f"experiments.robustness: .*{words}"):
        planned(**settings)


def test_a_reading_that_does_not_exist_is_found_in_the_manifest(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("study: x\ndataset: {kind: photos}\n"
                    "images: {gan: 1, train: 1, validation: 1, test: 1}\n"
                    "sources: {A: {image: a}}\nexperiments: {robustness: {crop_share: half}}\n")
    with pytest.raises(UserError, match="crop_share: expected 'edge' or 'total', found 'half'"):
        manifest.read(path)


@pytest.fixture
def lab(tmp_path):
    """A function: {stage: {condition: right of 100 images of each source}} -> the Lab of these."""
    def of(stages):
        for name, conditions in stages.items():
            folder = tmp_path / name
            folder.mkdir()
            sets = [{"name": f"{label}@{condition}", "first": 0, "count": 100}
                    for condition in conditions for label in LABELS]
            said = [place if row < right else 1 - place
                    for right in conditions.values() for place in range(2) for row in range(100)]
            np.save(folder / "scores.npy", np.eye(2, dtype=np.float32)[said])
            (folder / "attribution.json").write_text(json.dumps({"labels": LABELS, "sets": sets}))
        return Lab(tmp_path, {name: name for name in stages})
    return of


def measured(lab):
    return robustness.measure(lab({
        "before": {"clean": 100, "noise": 50, "jpeg": 40},
        "before curves": {"noise@2.0": 30, "jpeg@2.0": 20},
        "noise": {"clean": 99, "noise": 90}, "noise curves": {"noise@2.0": 80},
        "jpeg": {"clean": 98, "jpeg": 70}, "jpeg curves": {"jpeg@2.0": 60}}), SMALL)


def test_each_condition_has_its_own_accuracy(lab):
    noise, jpeg = measured(lab)["kinds"]
    assert [point[::2] for point in noise["before"]] == [[0, 1], [1, 0.5], [2, 0.3]]
    assert [point[::2] for point in noise["after"]] == [[0, 0.99], [1, 0.9], [2, 0.8]]
    assert [accuracy for _, _, accuracy, _ in jpeg["after"]] == [0.98, 0.7, 0.6]


def test_intervals_are_those_of_wilson(lab):
    before = measured(lab)["kinds"][0]["before"]
    assert before[1][1::2] == pytest.approx([0.4314, 0.5686], abs=1e-4)  # 100 of 200
    assert before[0][1::2] == pytest.approx([200 / (200 + 1.95996 ** 2), 1])  # 200 of 200


def test_the_section_shows_the_hardest_first_and_a_curve_for_each(lab):
    shown = robustness.section(measured(lab), [])
    assert shown.headline.value == "70.0 %" and "jpeg; before, it was 40.0 %" in shown.headline.text
    assert [row[0] for row in shown.parts[0].rows] == ["clean images", "noise", "jpeg"]
    assert [len(part.series) for part in shown.parts[1:]] == [2, 2]
    assert shown.parts[1].series[0][1][0][0] == 0


def test_one_model_for_all_is_asked_about_each(lab):
    settings = SMALL._replace(finetuned_on="combination", strengths=[])
    known = lab({"before": {"clean": 100, "noise": 50, "jpeg": 40},
                 "combination": {"clean": 95, "noise": 80, "jpeg": 75}})
    found = robustness.measure(known, settings)
    assert [kind["after"][1][2] for kind in found["kinds"]] == [0.8, 0.75]
