"""Removal: what it plans, and what it counts where that is known before."""

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from attribution.analysis.metrics import wilson
from experiments import parts, removal
from orchestration import manifest
from orchestration.study import Study
from tests.experiments import answers

LABELS = ["real", "A"]
SMALL = removal.Settings(epsilons=[1, 4], images=10)
CLEAN = [0] * 8 + [1] * 12 + [1] * 20  # of 20 test images each: 2 of the first ten real ones wrong
NAMED = {"attack@1": [0] * 6 + [1] * 4 + [1] * 10,   # 2 of the 8 are lost, none of A
         "attack@4": [1] * 8 + [0] * 2 + [0] * 5 + [1] * 5,  # all 8; 5 of 10; those wrong before are right
         "random@1": [0] * 8 + [1] * 2 + [1] * 10, "random@4": [0] * 7 + [1] * 3 + [1] * 10}


def said(folder, place, sets, named):
    answers.write(folder / place, LABELS, sets, np.eye(2)[named])


def lab(folder, **others):
    """A method "mine" that says CLEAN and NAMED, and others that say of all as told."""
    changed = {f"{label}@{condition}": 10 for condition in NAMED for label in LABELS}
    said(folder, "clean", dict.fromkeys(LABELS, 20), CLEAN)
    said(folder, "changed", changed, sum(NAMED.values(), []))
    places = {"mine/clean": "clean", "mine/changed": "changed"}
    for name, label in others.items():
        said(folder, f"{name}-clean", dict.fromkeys(LABELS, 20), [label] * 40)
        said(folder, f"{name}-changed", changed, [1 - label] * 80)
        places |= {f"{name}/clean": f"{name}-clean", f"{name}/changed": f"{name}-changed"}
    return Lab(folder, places)


def test_images_count_that_were_right_before_and_no_others(tmp_path):
    found = removal.measure(lab(tmp_path), SMALL)
    (mine,) = found["methods"]
    assert mine["right"] == 18 and found["images"] == 10
    assert mine["attack"] == [[1, *wilson(2, 18)], [4, *wilson(13, 18)]]
    assert mine["random"] == [[1, *wilson(0, 18)], [4, *wilson(1, 18)]]
    assert found["sources"] == [{"name": "real", "right": 8, "attack": [[1, 2 / 8], [4, 1]]},
                                {"name": "A", "right": 10, "attack": [[1, 0], [4, 5 / 10]]}]
    assert found["taken_for"] == [[0, 8], [5, 5]]


def test_of_other_methods_their_own_right_answers_count(tmp_path):
    found = removal.measure(lab(tmp_path, yours=1), SMALL)
    yours = found["methods"][1]
    assert yours["name"] == "yours" and yours["right"] == 10  # it says A of everything
    assert [point[2] for point in yours["attack"]] == [1, 1]


def test_the_section_says_how_many_and_how_often(tmp_path):
    told = removal.section(removal.measure(lab(tmp_path, yours=1), SMALL), [])
    assert told.headline.value == "72.2 %" and "18 of 20" in told.lead
    assert "11.1 %" in told.headline.text and "5.6 %" in told.headline.text
    sources, methods = (part for part in told.parts if isinstance(part, parts.Table))
    assert sources.rows == [("real", "8", "25.0 %", "100 %"), ("A", "10", "0.0 %", "50.0 %")]
    assert methods.rows[0] == ("mine", "18", "11.1 %", "72.2 %", "5.6 %")
    for part in (sources, methods):
        assert all(len(row) == len(part.columns) for row in part.rows)


def test_a_method_that_was_never_right_loses_nothing(tmp_path):
    said(tmp_path, "clean", dict.fromkeys(LABELS, 20), [1] * 20 + [0] * 20)
    said(tmp_path, "changed", {f"{label}@{condition}": 10 for condition in NAMED for label in LABELS},
         sum(NAMED.values(), []))
    found = removal.measure(Lab(tmp_path, {"mine/clean": "clean", "mine/changed": "changed"}), SMALL)
    assert found["methods"][0]["attack"][0] == [1, None, None, None]
    assert removal.section(found, []).headline.value == "–"


def study():
    return Study(manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"}, "device": "cpu",
        "images": {"gan": 9, "train": 4, "validation": 2, "test": 3},
        "sources": {"A": {"image": "a"}},
        "methods": {"classifier": {"image": "attribution"}, "kNN": {"image": "knn"}}}))


def test_the_first_method_is_attacked_on_test_images_and_every_method_asked():
    asked = study()
    handles = removal.steps(asked, removal.Settings(epsilons=[1, 4], images=2))
    stages = {stage.name: stage for stage in asked.stages}
    attacks = [stage for stage in stages.values() if stage.command[0] == "remove"]
    assert len(attacks) == 2 * 2 * 2  # sources, epsilons, attack and random
    for stage in attacks:
        assert "classifier/train" in stage.inputs.values() and stage.image == "attribution"
        assert "--first 6 --count 2" in " ".join(stage.command)
    assert {(stage.config["epsilon"], stage.config["steps"]) for stage in attacks} == {
        (1, 20), (1, 0), (4, 20), (4, 0)}
    assert list(handles) == ["classifier/clean", "kNN/clean", "classifier/changed", "kNN/changed"]
    for method in ("classifier", "kNN"):
        changed = stages[handles[f"{method}/changed"].stage]
        assert changed.image == {"classifier": "attribution", "kNN": "knn"}[method]
        assert {stage.name for stage in attacks} < set(changed.inputs.values())
        assert "A@attack@4={in}/A-removed-4-remove" in changed.command


@pytest.mark.parametrize("changes", [
    {"epsilons": []}, {"epsilons": [0]}, {"epsilons": [256]}, {"epsilons": [4, 1]}, {"steps": 0}, {"images": 0}])
def test_settings_that_make_no_sense_are_refused(changes):
    (name,) = changes
    with pytest.raises(ValueError, match=f"{name}: expected"):
        removal.steps(None, SMALL._replace(**changes))
