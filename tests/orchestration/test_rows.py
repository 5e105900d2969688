"""No test image is ever seen by a training, a validation or a choice of hyperparameters.

The rows of every image set are followed through the plans of all experiments there are: through the
sets that are made from sets, to the trainings and to what is scored. What each program then does with
the rows it is told is for the tests of the contract (tests/conformance) and of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import experiments
from orchestration import manifest, plan
from orchestration.manifest import Images, Manifest
from orchestration.repository import REPOSITORY
from orchestration.stage import Plan, Stage
from orchestration.study import Study

CHANGES = ("perturb", "remove")  # verbs that make a set whose rows are those of another set, changed
MANIFESTS = sorted([*(REPOSITORY / "manifests").glob("*.yaml"), REPOSITORY / "tests/study/whole.yaml"])


class Rows(NamedTuple):
    """An image set: `count` rows that are those from `first` on of what they were made from."""

    origin: str
    first: int
    count: int

    def part(self, first: int, count: int | None) -> Rows:
        """Some of them, as --first and --count say it."""
        return Rows(self.origin, self.first + first, self.count - first if count is None else count)

    def within(self, use: tuple[int, int]) -> bool:
        """Whether all are kept for a use: the first row of it, and how many."""
        return use[0] <= self.first and self.first + self.count <= sum(use)


def everything(**changes: Any) -> Manifest:
    """The study of every experiment there is, with its published settings: two sources, every kind of method."""
    return Manifest.model_validate({
        "study": "everything", "dataset": {"kind": "photos"},
        "images": {"gan": 200_000, "train": 90_000, "validation": 5_000, "test": 10_000},
        "sources": {"A": {"image": "a"}, "B": {"image": "b"}},
        "methods": {"classifier": {"image": "attribution"}, "kNN": {"image": "knn"},
                    "visNet": {"image": "attribution", "settings": {"network": "visnet"}}},
        "experiments": {name: {} for name in experiments.names()}, **changes})


def broken(expanded: Plan, images: Images) -> list[str]:
    """What is wrong with a plan: (stage, rule)."""
    made: dict[str, Rows] = {}
    complaints = []
    for stage in expanded.stages:
        complaints += [f"{stage.name}: {rule}" for rule in _broken(stage, made, images)]
        made |= _makes(stage, made, images)
    return complaints


def _makes(stage: Stage, made: dict[str, Rows], images: Images) -> dict[str, Rows]:
    """{place: the rows} of the image sets that a stage makes."""
    if stage.name == "data":
        return {f"{stage.name}/gan": Rows("gan", 0, images.gan),
                f"{stage.name}/attribution": Rows("real", 0, sum(count for _, count in images.rows.values()))}
    if stage.command[0] == "generate":
        first, count = _part(stage)
        return {stage.name: Rows(*_words(stage, "--model"), first, count or 0)}
    if stage.command[0] == "join":
        return {stage.name: _joined(_shown(stage, made))}
    if stage.command[0] in CHANGES:
        (changed,) = _shown(stage, made)
        return {stage.name: changed.part(*_part(stage))}
    return {}


def _joined(parts: list[Rows]) -> Rows:
    """All the rows of parts, which have to continue one another."""
    for before, part in zip(parts, parts[1:], strict=False):
        assert (part.origin, part.first) == (before.origin, before.first + before.count)
    return parts[0]._replace(count=sum(part.count for part in parts))


def _broken(stage: Stage, made: dict[str, Rows], images: Images) -> Iterator[str]:
    verb, uses = stage.command[0], images.rows
    if verb == "train" and "--train" not in stage.command:
        if [rows.origin for rows in _shown(stage, made)] != ["gan"]:
            yield "a GAN learns from images that are not there for GANs"
    elif verb == "train":
        train, validation = (int(_words(stage, f"--{use}")[0]) for use in ("train", "validation"))
        for rows in _shown(stage, made):
            if not rows.part(0, train).within(uses["train"]):
                yield "a method learns from rows that are not there to learn from"
            if not rows.part(train, validation).within(uses["validation"]):
                yield "a method is chosen by rows that are not there for validation"
            if rows.origin == "gan" or rows.count < train + validation:
                yield "a method learns from rows that are not its own"
    elif verb == "attribute":
        asked = [rows.part(*_part(stage)) for rows in _shown(stage, made)]
        if not any(all(rows.within(uses[use]) for rows in asked) for use in ("test", "validation")):
            yield "it scores neither test images alone nor validation images alone"
    elif verb == "measure" and stage.config["rows"] != uses:
        yield "it takes other rows for those of training, validation and test"


def _shown(stage: Stage, made: dict[str, Rows]) -> list[Rows]:
    """The image sets that a command names."""
    return [made[_place(stage, word.partition("=")[2] or word)] for word in _words(stage, "--images")]


def _place(stage: Stage, word: str) -> str:
    mount, _, folder = word.removeprefix("{in}/").partition("/")
    return f"{stage.inputs[mount]}/{folder}".rstrip("/")


def _part(stage: Stage) -> tuple[int, int | None]:
    first, count = (_words(stage, option) for option in ("--first", "--count"))
    return int(first[0]) if first else 0, int(count[0]) if count else None


def _words(stage: Stage, option: str) -> list[str]:
    """What follows an option in a command, each time."""
    return [word for before, word in zip(stage.command, stage.command[1:], strict=False) if before == option]


@pytest.mark.parametrize("name", experiments.names())
def test_an_experiment_keeps_test_images_out_of_everything_else(name: str) -> None:
    asked = everything(experiments={name: {}})
    assert broken(plan.expand(asked), asked.images) == []


def test_so_does_a_study_whose_images_are_made_in_shards() -> None:
    asked = everything(experiments={"existence": {}, "robustness": {}}, shards=4)
    expanded = plan.expand(asked)
    assert broken(expanded, asked.images) == [] and "A/generate-4of4" in {stage.name for stage in expanded.stages}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_so_does_every_study(path: Path) -> None:
    asked = manifest.read(path)
    assert broken(plan.expand(asked), asked.images) == []


def leaked(steps: Callable[[Study], Any]) -> list[str]:
    """What is wrong with a study in which an experiment asks for this."""
    asked = everything()
    study = Study(asked)
    steps(study)
    return broken(Plan("leaking", study.stages, {}), asked.images)


def _trained_on_attacked_test_images(study: Study) -> None:
    sets = study.every_source()
    model = study.trained("classifier", sets)
    study.trained("classifier", {**sets, "A": study.removed(model, sets["A"], "A", epsilon=1, tests=9)})


@pytest.mark.parametrize(("steps", "words"), [
    (lambda study: study.trained("kNN", {"A": study.perturbed(study.images("A"), "blur", tests=9)}),
     "learns from rows that are not there to learn from"),
    (_trained_on_attacked_test_images, "learns from rows that are not there to learn from"),
    (lambda study: study.trained("kNN", {"real": study.real("gan"), "A": study.images("A")}), "not its own"),
    (lambda study: study.trained("kNN", {"real": study.real(), "A": study.images("A", count=9)}), "not its own"),
    (lambda study: study.scores(study.trained("kNN", study.every_source()), study.every_source(), rows="all"),
     "neither test images alone nor"),
    (lambda study: study.scores(study.trained("kNN", study.every_source()),
                                {"A": study.perturbed(study.images("A"), "blur", tests=9)}),
     "neither test images alone nor"),
])
def test_what_an_experiment_may_not_ask_for(steps: Callable[[Study], Any], words: str) -> None:
    assert any(words in complaint for complaint in leaked(steps))


def _with_word(stage: Stage, option: str, word: str) -> Stage:
    place = stage.command.index(option) + 1
    return replace(stage, command=(*stage.command[:place], word, *stage.command[place + 1:]))


@pytest.mark.parametrize(("name", "spoil", "words"), [
    ("classifier/train", lambda stage: _with_word(stage, "--train", "90001"), "not there to learn from"),
    ("classifier/train", lambda stage: _with_word(stage, "--validation", "5001"), "not there for validation"),
    ("classifier/attribute", lambda stage: _with_word(stage, "--first", "94999"), "neither test images alone nor"),
    ("classifier/attribute", lambda stage: _with_word(stage, "--count", "10001"), "neither test images alone nor"),
    ("A/train", lambda stage: _with_word(stage, "--images", "{in}/data/attribution"), "not there for GANs"),
    ("existence/measure", lambda stage: replace(stage, config={**stage.config, "rows": {"test": (0, 9)}}),
     "takes other rows"),
])
def test_a_plan_that_lets_test_images_out_is_noticed(
        name: str, spoil: Callable[[Stage], Stage], words: str) -> None:
    asked = everything(experiments={"existence": {}})
    whole = plan.expand(asked)
    stages = tuple(spoil(stage) if stage.name == name else stage for stage in whole.stages)
    complaints = broken(replace(whole, stages=stages), asked.images)
    assert complaints and all(complaint.startswith(f"{name}: ") for complaint in complaints)
    assert any(words in complaint for complaint in complaints)
