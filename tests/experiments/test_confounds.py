"""Confounds: what the trivial classifier can tell apart and what it cannot, and who learns what."""

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from experiments import confounds, parts
from orchestration import manifest
from orchestration.study import Study
from sources.contract import imagesets
from tests.experiments import answers

LABELS = ["real", "A", "B"]
ROWS = {"train": (0, 60), "validation": (60, 10), "test": (70, 50)}
USUAL = confounds.Settings()


def images(random, most=256, least=0, count=120):
    """Noise whose every image has the values `least` and `most` - 1."""
    made = random.integers(least, most, (count, 8, 8, 3)).astype(np.uint8)
    made[:, 0, 0, 0], made[:, 0, 0, 1] = least, most - 1
    return made


def lab(folder, sets):
    """A Lab with images {writing: {label: images}} and a method that is right of what it learnt.

    A writing that is not there is as those rounded alike.
    """
    places = {}
    for writing, own in {**dict.fromkeys(confounds.WRITINGS, sets["round"]), **sets}.items():
        for label, made in own.items():
            places[f"images/{writing}/{label}"] = place = f"{writing}-{label}"
            with imagesets.Writer(str(folder / place), len(made), 8) as writer:
                writer.append(made)
                writer.finish("", {}, {})
    for learnt, tested in confounds.PAIRS:
        places[f"scores/{learnt}/{tested}/mine"] = place = f"{learnt}-on-{tested}"
        scores = np.repeat(np.eye(3) if learnt == tested else np.eye(3)[[0, 0, 0]], 5, axis=0)
        answers.write(folder / place, LABELS, dict.fromkeys(LABELS, 5), scores)
    return Lab(folder, places, ROWS)


def measured(folder, sets):
    """{name of the classifier: {(learnt from, tested on): accuracy}}."""
    found = confounds.measure(lab(folder, sets), USUAL)
    return {one["name"]: confounds._accuracies(one) for one in found["classifiers"]}


def test_sources_with_other_maxima_are_told_apart_perfectly(tmp_path):
    random = np.random.default_rng(0)
    published = {label: images(random, most)
                 for label, most in zip(LABELS, (200, 240, 256), strict=True)}
    alike = {label: images(random) for label in LABELS}
    found = measured(tmp_path, {"published": published, "round": alike, "jpeg": published})
    for name in confounds.VIEWS:
        assert found[name]["published", "published"] == found[name]["jpeg", "published"] == 1
        assert found[name]["jpeg", "round"] == found[name]["published", "round"]
        assert found[name]["round", "round"] == pytest.approx(1 / 3, abs=0.12)
        assert found[name]["published", "round"] == pytest.approx(1 / 3, abs=0.12)


def test_permuted_labels_give_chance(tmp_path):
    random = np.random.default_rng(1)
    mixed = np.concatenate([images(random, most, count=120) for most in (200, 240, 256)])
    mixed = np.split(mixed[random.permutation(len(mixed))], 3)
    sets = dict(zip(LABELS, mixed, strict=True))
    found = measured(tmp_path, {"published": sets, "round": sets})
    for name in confounds.VIEWS:
        assert found[name]["published", "published"] == pytest.approx(1 / 3, abs=0.12)


def test_a_histogram_tells_what_extremes_do_not(tmp_path):
    random = np.random.default_rng(2)
    sets = {label: images(random) for label in LABELS}
    sets["A"] = np.where(random.random(sets["A"].shape) < 0.3, 255, sets["A"]).astype(np.uint8)
    sets["B"] = np.where(random.random(sets["B"].shape) < 0.3, 0, sets["B"]).astype(np.uint8)
    for made in sets.values():
        made[:, 0, 0, 0], made[:, 0, 0, 1] = 0, 255
    found = measured(tmp_path, {"published": sets, "round": sets})
    assert found["extremes"]["round", "round"] == pytest.approx(1 / 3, abs=0.12)
    assert found["extremes, histogram"]["round", "round"] == 1


def test_it_learns_from_training_images_alone(tmp_path):
    """Test images with values that belong to another source are attributed to that one."""
    random = np.random.default_rng(3)
    sets = {label: images(random, most)
            for label, most in zip(LABELS, (200, 240, 256), strict=True)}
    turned = dict(zip(LABELS, (sets["A"], sets["B"], sets["real"]), strict=True))
    spoilt = {label: np.concatenate([sets[label][:60], turned[label][60:]]) for label in LABELS}
    found = measured(tmp_path, {"published": spoilt, "round": sets})
    assert found["extremes"]["published", "published"] == 0
    assert found["extremes"]["published", "round"] == 1


def test_what_is_seen_of_an_image():
    image = np.array([[[[0, 0, 7], [8, 128, 255]], [[255, 255, 64], [64, 64, 64]]]], np.uint8)
    dark, bright, is_dark, is_bright, *histogram = confounds._see(image, 4)[0]
    assert (dark, bright, is_dark, is_bright) == (0, 1, 1, 1)
    assert histogram == pytest.approx([4 / 12, 4 / 12, 1 / 12, 3 / 12])
    assert confounds._see(image // 2 + 1, 256)[0][:4] == pytest.approx([1 / 255, 128 / 255, 0, 0])


def test_the_regression_finds_the_minimum_of_its_loss():
    """At the minimum the slope is zero; for three sets in one dimension that overlap."""
    random = np.random.default_rng(4)
    sets = [random.normal(place, size=(200, 2)) for place in range(3)]
    mean, deviation, weights = confounds._fit(sets, USUAL)
    rows = confounds._scaled(np.concatenate(sets), mean, deviation)
    truth = np.repeat(np.eye(3), 200, axis=0)
    slope = rows.T @ (confounds._softmax(rows @ weights) - truth) / 600 + USUAL.ridge * weights
    assert abs(slope).max() < 1e-6


def test_saturation_and_the_methods_own_accuracy_are_told(tmp_path):
    random = np.random.default_rng(5)
    sets = {"real": images(random, 200, 10), "A": images(random, 256, 10), "B": images(random)}
    found = confounds.measure(lab(tmp_path, {"published": sets, "round": sets}), USUAL)
    assert [row[2:] for row in found["saturated"] if row[1] == "round"] == [[0, 0], [0, 1], [1, 1]]
    assert found["labels"] == LABELS and found["chance"] == pytest.approx(1 / 3)
    cells = confounds._accuracies(found["classifiers"][-1])
    assert cells["round", "round"] == 1 and cells["round", "published"] == pytest.approx(1 / 3)
    told = confounds.section(found, [])
    (table,) = (part for part in told.parts if "Grommelt et al. (2024)" in part.note)
    assert "McCloskey and Albright (2018)" in table.note
    assert [row[0] for row in table.rows[::3]] == [
        f"{name}, learnt as published" for name in (*confounds.VIEWS, "mine")]
    assert table.rows[-2:] == [("mine, learnt rounded alike", "33.3 %", "100 %", "33.3 %"),
                               ("mine, learnt all as JPEG", "33.3 %", "33.3 %", "100 %")]
    for part in told.parts:
        if isinstance(part, parts.Table):
            assert all(len(row) == len(part.columns) for row in part.rows)


@pytest.mark.parametrize(("alike", "text"), [(0.7, "What is lost"), (0.9, "Nothing is lost")])
def test_the_paragraph_says_whether_rounding_costs_anything(alike, text):
    cells = [[*pair, alike if pair == ("round", "round") else 0.9] for pair in confounds.PAIRS]
    classifiers = [{"name": name, "cells": cells} for name in (*confounds.VIEWS, "mine")]
    assert text in confounds._meaning({"classifiers": classifiers})


def asked(settings, **changes):
    """The study, and the handles, of what is asked for."""
    study = Study(manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"},
        "images": {"gan": 9, "train": 4, "validation": 2, "test": 3},
        "sources": {"A": {"image": "a"}}, **changes}))
    return study, confounds.steps(study, settings)


@pytest.mark.parametrize("quantize", ["published", "round"])
def test_the_method_of_the_manifest_is_one_of_the_three(quantize):
    study, handles = asked(USUAL, quantize=quantize)
    other = next(writing for writing in confounds.WRITINGS if writing != quantize)
    assert handles[f"images/{quantize}/A"] == study.images("A")
    assert handles[f"images/{quantize}/real"] == handles[f"images/{other}/real"] == study.real()
    trainings = [stage.name for stage in study.stages if stage.name.endswith("/train")]
    assert sorted(trainings) == ["A/train", "classifier-on-jpeg/train",
                                 f"classifier-on-{other}/train", "classifier/train"]
    made = {stage.name: stage.command[stage.command.index("--quantize") + 1]
            for stage in study.stages if "--quantize" in stage.command}
    assert made == {"A/generate": quantize, "A/generate-2": other}
    for learnt, tested in confounds.PAIRS:
        stage = next(one for one in study.stages
                     if one.name == handles[f"scores/{learnt}/{tested}/classifier"].stage)
        assert stage.name.startswith("classifier/") == (learnt == quantize)
        assert handles[f"images/{tested}/A"].stage in stage.inputs.values()


def test_all_images_rounded_alike_go_through_the_same_jpeg():
    study, handles = asked(USUAL._replace(quality=75))
    stages = {stage.name: stage for stage in study.stages}
    for label in ("real", "A"):
        stage = stages[handles[f"images/jpeg/{label}"].stage]
        assert stage.config == {"kind": "jpeg", "quality": 75} and "--first" not in stage.command
        assert handles[f"images/round/{label}"].stage in stage.inputs.values()


def test_the_trainings_can_be_made_shorter_all_alike():
    study, _ = asked(USUAL._replace(training={"images": 50}))
    trainings = {stage.name: stage.config for stage in study.stages if "--train" in stage.command}
    assert trainings == {f"classifier-on-{writing}/train": {"images": 50}
                         for writing in confounds.WRITINGS}


@pytest.mark.parametrize("changes", [{"images": 0}, {"rounds": 0}, {"bins": 257}, {"ridge": -1.0},
                                     {"quality": 0}, {"quality": 101}])
def test_settings_that_make_no_sense_are_refused(changes):
    (name,) = changes
    with pytest.raises(ValueError, match=f"{name}: expected"):
        confounds.steps(None, USUAL._replace(**changes))
