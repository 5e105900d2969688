"""The experiments: what each file has, and numbers that are known before it measures them."""

import ast
import inspect
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import experiments
from attribution.analysis.lab import Lab
from experiments import existence, intervals, parts, seeds
from orchestration import manifest
from orchestration.study import Study
from sources.contract import imagesets
from sources.contract.errors import BadInput
from tests.experiments import answers

LABELS = ["real", "A", "B"]


@pytest.fixture
def lab(tmp_path):
    """A function: predicted label of every image, 20 of each source -> the Lab of a method that said so."""
    def of(predicted, labels=tuple(LABELS)):
        folder = tmp_path / "said"
        folder.mkdir(exist_ok=True)
        np.save(folder / "scores.npy", np.eye(len(labels), dtype=np.float32)[predicted])
        sets = [{"name": label, "first": 0, "count": 20} for label in labels]
        (folder / "attribution.json").write_text(json.dumps({"labels": list(labels), "sets": sets}))
        return Lab(tmp_path, {"classifier": "said"})
    return of


TRUTH = np.repeat(np.arange(3), 20)


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_has_the_same_furniture(name):
    module = experiments.load(name)
    assert not [value for value in module.Settings._fields if value not in module.Settings._field_defaults]
    assert list(inspect.signature(module.steps).parameters) == ["study", "settings"]
    assert list(inspect.signature(module.measure).parameters) == ["lab", "settings"]
    assert list(inspect.signature(module.section).parameters) == ["result", "figures"]
    assert module.__doc__ and module.Settings.__doc__


@pytest.mark.parametrize("name", experiments.names())
def test_an_experiment_loads_nothing_but_the_standard_library_and_its_neighbours(name):
    tree = ast.parse(Path(experiments.load(name).__file__).read_text())
    loaded = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    loaded |= {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    tops = {module.split(".")[0] for module in loaded}
    assert tops <= {"experiments", *sys.stdlib_module_names}


def test_an_oracle_is_never_wrong(lab):
    (found,) = existence.measure(lab(TRUTH), existence.Settings())["methods"]
    assert found["accuracy"] == 1 and found["chance"] == pytest.approx(1 / 3)
    assert found["confusion"] == [[20, 0, 0], [0, 20, 0], [0, 0, 20]]


def test_a_method_that_always_says_the_same_is_as_good_as_a_guess(lab):
    (found,) = existence.measure(lab(np.ones(60, int)), existence.Settings())["methods"]
    assert found["accuracy"] == found["chance"]
    assert found["per_label"]["A"] == {"precision": pytest.approx(1 / 3), "recall": 1, "images": 20}
    assert found["per_label"]["B"] == {"precision": None, "recall": 0, "images": 20}


def test_truth_follows_the_names_of_the_sets_and_not_their_order(tmp_path, lab):
    known = lab(TRUTH)
    said = json.loads((tmp_path / "said/attribution.json").read_text())
    (tmp_path / "said/attribution.json").write_text(json.dumps({**said, "sets": said["sets"][::-1]}))
    assert known.metrics("classifier")["confusion"] == [[0, 0, 20], [0, 20, 0], [20, 0, 0]]


@pytest.mark.parametrize("spoil", [
    lambda folder: (folder / "scores.npy").unlink(),
    lambda folder: np.save(folder / "scores.npy", np.zeros((59, 3), np.float32)),
    lambda folder: np.save(folder / "scores.npy", np.full((60, 3), np.nan, np.float32)),
    lambda folder: (folder / "attribution.json").write_text("{}"),
    lambda folder: (folder / "attribution.json").write_text('{"labels": ["a"], "sets": [{"name": "b", "count": 1}]}'),
])
def test_scores_that_are_none_are_refused_in_a_line(spoil, tmp_path, lab):
    known = lab(TRUTH)
    spoil(tmp_path / "said")
    with pytest.raises(BadInput, match="said"):
        known.scores("classifier")


def test_an_oracle_has_no_interval(lab):
    found = intervals.measure(lab(TRUTH), intervals.Settings())
    assert found["methods"][0]["all"] == [1, 1, 1]
    assert found["methods"][0]["labels"] == [[label, 1, 1, 1] for label in LABELS]


def test_an_interval_is_that_of_the_binomial_distribution(lab):
    predicted = np.where(np.arange(60) % 2, TRUTH, (TRUTH + 1) % 3)  # right for every other image
    found = intervals.measure(lab(predicted), intervals.Settings())["methods"][0]
    low, value, high = found["all"]
    deviation = np.sqrt(0.25 / 60)
    assert value == 0.5
    assert (value - low, high - value) == (pytest.approx(1.96 * deviation, rel=0.1),) * 2
    assert intervals.measure(lab(predicted), intervals.Settings())["methods"][0] == found


def test_a_higher_level_is_a_wider_interval(lab):
    predicted = np.where(np.arange(60) % 2, TRUTH, 0)
    narrow, wide = (intervals.measure(lab(predicted), intervals.Settings(level=level))["methods"][0]["all"]
                    for level in (0.5, 0.99))
    assert wide[0] < narrow[0] < narrow[1] == wide[1] < narrow[2] < wide[2]


def test_other_trainings_differ_in_their_seed_alone():
    study = Study(manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"}, "sources": {"A": {"image": "a"}},
        "images": {"gan": 9, "train": 4, "validation": 2, "test": 3}}))
    before = set(intervals.steps(study, intervals.Settings()))
    needs = intervals.steps(study, intervals.Settings(trainings=3))
    assert set(needs) - before == {"classifier/seed-1", "classifier/seed-2"}
    trainings = {stage.name: stage for stage in study.stages if stage.name.startswith("classifier") and
                 stage.name.endswith("/train")}
    words = [one.command for one in trainings.values()]
    assert [command[command.index("--seed") + 1] for command in words] == ["0", "1", "2"]
    assert len({command[:command.index("--seed")] for command in words}) == 1


def test_the_spread_over_trainings_is_shown(tmp_path):
    for number, wrong in enumerate((0, 6, 12)):
        answers.write(tmp_path / str(number), LABELS, dict.fromkeys(LABELS, 20),
                      np.eye(3)[np.where(np.arange(60) < wrong, (TRUTH + 1) % 3, TRUTH)])
    names = ("classifier", "classifier/seed-1", "classifier/seed-2")
    found = intervals.measure(Lab(tmp_path, {name: str(place) for place, name in enumerate(names)}),
                              intervals.Settings(trainings=3))
    assert found["trainings"] == pytest.approx([1, 0.9, 0.8]) and len(found["methods"]) == 1
    assert intervals.section(found, []).parts[-1].rows == [
        ("mean", "90.0 %"), ("standard deviation", "10.0 %"), ("lowest", "80.0 %"), ("highest", "100 %")]


def test_sections_say_what_was_measured(lab):
    figures = [{"dataset": "CelebA", "method": "learnt classifier", "value": 0.9943, "verified": False}]
    shown = existence.section(existence.measure(lab(TRUTH), existence.Settings()), figures)
    assert shown.headline.value == "100 %" and "60 images" in shown.headline.text
    table = next(part for part in shown.parts if isinstance(part, parts.Table))
    assert table.rows == [("here, classifier", "100 %"), ("paper, CelebA", "99.4 % *")]
    assert "Not verified" in table.note
    assert intervals.section(intervals.measure(lab(TRUTH), intervals.Settings()), []).headline.value == \
        "100 % to 100 %"


def test_the_section_of_seeds_shows_its_confusion(lab):
    known = Lab(lab(TRUTH)._folders["classifier"].parent, {"scores": "said"})
    shown = seeds.section(seeds.measure(known, seeds.Settings()), [])
    assert shown.headline.value == "100 %" and shown.parts[0].labels == LABELS


def test_shares_are_told_as_people_do():
    assert [parts.percent(share) for share in (1, 0.98765, 0, None)] == ["100 %", "98.8 %", "0.0 %", "–"]


def test_the_experiment_that_the_page_shows_works(tmp_path):
    """The example of docs/experiments.md, as it stands there: planned, measured, shown."""
    page = (Path(__file__).resolve().parents[2] / "docs/experiments.md").read_text()
    shown = types.ModuleType("brightness")
    exec(page.split("```python\n")[1].split("```")[0], shown.__dict__)  # noqa: S102 - our own page
    for name, value in (("real", 10), ("A", 200)):
        with imagesets.Writer(str(tmp_path / name), 3, 4) as writer:
            writer.append(np.full((3, 4, 4, 3), value, np.uint8))
            writer.finish("", {}, {})
    found = shown.measure(Lab(tmp_path, {"real": "real", "A": "A"}), shown.Settings())
    assert found == {"real": 10, "A": 200}
    assert shown.section(found, []).headline.value == "A"


def test_a_part_of_a_set_is_not_taken_for_the_whole(tmp_path):
    """Its first rows are test images; asked for those to learn from, it must not give them."""
    for count in (5, 6):
        with imagesets.Writer(str(tmp_path / str(count)), count, 4) as writer:
            writer.append(np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((4, 4, 3), np.uint8))
            writer.finish("", {}, {})
    shown = Lab(tmp_path, {"part": "5", "whole": "6"},
                {"train": [0, 3], "validation": [3, 1], "test": [4, 2]})
    assert shown.images("whole", "test")[:, 0, 0, 0].tolist() == [4, 5] and len(shown.images("part")) == 5
    with pytest.raises(ValueError, match="part: has 5 images, not all"):
        shown.images("part", "train")
