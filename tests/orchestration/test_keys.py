"""Keys: all that the output of a stage depends on, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestration import images
from orchestration.images import Foreign
from orchestration.images.code import reach
from orchestration.keys import KeyedPlan, keyed
from orchestration.repository import REPOSITORY
from orchestration.stage import Plan, Resources, Stage

WISH = Resources(gpus=0, cores=1, memory=1 << 30)
REAL = Stage("real", "real", "cpu", ("split", "--out", "{out}"), WISH, files={"zip": "/data/celeba.zip"})
TRAIN = Stage(
    "A/train", "progan", "cpu", ("train", "--seed", "0", "--out", "{out}"), WISH, {"batch": 4}, {"images": "real"}
)
FAKES = Stage("A/fakes", "progan", "cpu", ("generate", "--out", "{out}"), WISH, inputs={"model": "A/train"})
OTHER = Stage("B/train", "sngan", "cpu", ("train", "--out", "{out}"), WISH, inputs={"images": "real"})


def study(*stages: Stage, content: str = "c", sha256: str = "f") -> KeyedPlan:
    """A plan of images made elsewhere, with its keys."""
    plan = Plan("study", stages or (REAL, TRAIN, FAKES, OTHER), {})
    return keyed(plan, lambda name, flavour: Foreign(name, flavour, f"{content} {name}"), lambda path, kind: sha256)


def changed(other: KeyedPlan) -> set[str]:
    """The stages whose key differs from that of the unchanged study."""
    return {name for name, key in study().keys.items() if other.keys[name] != key}


def test_a_key_is_known() -> None:
    stage = Stage("a", "image", "cpu", ("do", "{out}"), WISH)
    assert study(stage).keys == {"a": "179ab0788ea44e61515fc6bc9c35e674b994d9838e6a93bd9bd8ace1ce9d8134"}


def test_changing_a_seed_changes_what_hangs_on_it() -> None:
    seeded = replace(TRAIN, command=("train", "--seed", "1", "--out", "{out}"))
    assert changed(study(REAL, seeded, FAKES, OTHER)) == {"A/train", "A/fakes"}


def test_changing_a_setting_changes_what_hangs_on_it() -> None:
    assert changed(study(REAL, replace(TRAIN, config={"batch": 8}), FAKES, OTHER)) == {"A/train", "A/fakes"}


def test_changing_data_or_images_changes_everything() -> None:
    everything = {"real", "A/train", "A/fakes", "B/train"}
    assert changed(study(sha256="g")) == everything
    assert changed(study(content="d")) == everything


def test_names_paths_and_resources_are_no_part_of_a_key() -> None:
    moved = replace(REAL, files={"zip": "/elsewhere/celeba.zip"}, resources=Resources(0, 8, 1))
    assert changed(study(moved, TRAIN, FAKES, OTHER)) == set()
    renamed = study(replace(REAL, name="photos"), replace(OTHER, name="Z", inputs={"images": "photos"}))
    assert renamed.keys["Z"] == study().keys["B/train"]


def test_a_record_says_all_that_is_needed_to_run_a_stage_again() -> None:
    assert study().record(TRAIN) == {
        "study": "study", "name": "A/train", "image": "progan", "content": "c progan", "code": "", "flavour": "cpu",
        "command": ["train", "--seed", "0", "--out", "{out}"], "config": {"batch": 4},
        "inputs": {"images": study().keys["real"]}, "files": {},
        "resources": {"gpus": 0, "cores": 1, "memory": 1 << 30},
    }  # fmt: skip
    assert study().record(REAL)["files"] == {"zip": {"path": "/data/celeba.zip", "sha256": "f"}}


def stage(image: str, *command: str, modules: tuple[str, ...] = ()) -> Stage:
    return Stage(f"{image}/{command[0]}", image, "cpu", command, WISH, modules=modules)


STAGES = (
    stage("real", "photos"),
    *(stage(image, verb) for image in ("progan", "sngan", "cramergan", "mmdgan") for verb in ("train", "generate")),
    stage("attribution", "train"),
    stage("attribution", "attribute"),
    stage("analysis", "measure", "existence", modules=("experiments.existence",)),
    stage("analysis", "report", modules=("experiments.existence",)),
)
EVERY_TRAINING = {f"{image}/train" for image in ("progan", "sngan", "cramergan", "mmdgan", "attribution")}


@pytest.fixture(scope="module")
def reached() -> dict[str, dict[str, str]]:
    """What each stage reaches of our code."""
    recipes = {one.image: images.recipe(one.image, "cpu") for one in STAGES}
    return {one.name: reach(recipes[one.image], one.command, one.modules) for one in STAGES}


@pytest.mark.parametrize(("file", "redone"), [
    ("attribution/analysis/report/page.html", {"analysis/report"}),
    ("attribution/analysis/report/page.py", {"analysis/report"}),
    ("attribution/analysis/report/figures.json", {"analysis/report"}),
    ("attribution/analysis/measure.py", {"analysis/measure"}),
    ("attribution/attribute.py", {"attribution/attribute"}),
    ("experiments/existence.py", {"analysis/measure", "analysis/report"}),
    ("experiments/intervals.py", set()),
    ("sources/progan/losses.py", {"progan/train"}),
    ("sources/progan/generate.py", {"progan/generate"}),
    ("sources/sngan/losses.py", {"sngan/train"}),
    ("sources/progan/networks.py", {"progan/train", "progan/generate"}),
    ("sources/cramer_mmd/networks.py", {f"{one}/{verb}" for one in ("cramergan", "mmdgan")
                                        for verb in ("train", "generate")}),
    ("sources/contract/training.py", EVERY_TRAINING),
    ("sources/contract/unpickling.py", set()),
    ("sources/real/wallpapers.json", {"real/photos"}),
    ("sources/real/celeba.py", set()),
])
def test_a_change_concerns_those_who_use_it(
    file: str, redone: set[str], reached: dict[str, dict[str, str]]
) -> None:
    assert (REPOSITORY / file).is_file()
    assert {name for name, files in reached.items() if file in files} == redone


def test_a_loss_of_one_critic_does_not_concern_the_other(reached: dict[str, dict[str, str]]) -> None:
    own = {name: {file for file in reached[f"{name}/train"] if file not in reached[f"{other}/train"]}
           for name, other in (("cramergan", "mmdgan"), ("mmdgan", "cramergan"))}
    assert all(f"sources/cramer_mmd/{name}.py" in files for name, files in own.items())
