"""Shards: how a generation is cut, what that changes in a plan, and that it changes no key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration import manifest, plan, runs, shards
from orchestration.errors import UserError
from orchestration.images import Foreign
from orchestration.keys import KeyedPlan, keyed
from orchestration.stage import Stage
from orchestration.store import Store
from orchestration.study import Study

PARTS = ["A/generate-1of3", "A/generate-2of3", "A/generate-3of3"]


def read(**changes: Any) -> manifest.Manifest:
    """The manifest of a study of one GAN with 3,500 images."""
    return manifest.Manifest.model_validate({
        "study": "tiny", "dataset": {"kind": "photos"},
        "images": {"gan": 9, "train": 3000, "validation": 200, "test": 300},
        "sources": {"A": {"image": "a"}}, **changes})


def study(**changes: Any) -> dict[str, Stage]:
    """The stages of its plan, by name."""
    return {stage.name: stage for stage in plan.expand(read(**changes)).stages}


def with_keys(**changes: Any) -> KeyedPlan:
    return keys_of(plan.expand(read(**changes)))


def keys_of(expanded: plan.Plan) -> KeyedPlan:
    return keyed(expanded, lambda name, flavour: Foreign(name, flavour, name), lambda path, kind: "")


@pytest.mark.parametrize(("count", "most", "firsts"), [
    (1, 100, [0]), (2047, 100, [0]), (2048, 100, [0, 1024]), (3500, 2, [0, 1664]), (3500, 100, [0, 1152, 2304]),
    (3500, 1, [0]), (100_000, 4, [0, 24_960, 49_920, 74_880])])
def test_shards_are_not_small_and_begin_where_every_block_does(count: int, most: int, firsts: list[int]) -> None:
    whole = replace(study()["A/generate"], command=("generate", "--count", str(count)), images=count)
    cut = shards.split(whole, most)
    begins = [int(part.command[part.command.index("--first") + 1]) for part in cut] if len(cut) > 1 else [0]
    assert begins == firsts and sum(part.images for part in cut) == count
    assert all(part.command[-1] == str(part.images) and part.images >= min(count, 1024) for part in cut)


def test_parts_are_put_together_where_the_whole_would_be() -> None:
    once, sharded = study(), study(shards=3)
    assert [name for name in sharded if name not in once] == PARTS
    assert [sharded[name].command[3:7] for name in PARTS] == [
        ("--first", "0", "--count", "1152"), ("--first", "1152", "--count", "1152"),
        ("--first", "2304", "--count", "1196")]
    joined = sharded["A/generate"]
    assert joined.command == ("join", "--images", "{in}/A-generate-1of3", "--images", "{in}/A-generate-2of3",
                              "--images", "{in}/A-generate-3of3", "--out", "{out}")
    assert (joined.stands_for, joined.image, joined.images) == (once["A/generate"], "real", 3500)
    unchanged = ("A/train", "classifier/train", "classifier/attribute", "existence/measure")
    assert [sharded[name] for name in unchanged] == [once[name] for name in unchanged]


def test_a_small_set_is_made_at_once() -> None:
    few = {"gan": 9, "train": 1000, "validation": 500, "test": 500}
    assert study(shards=8, images=few)["A/generate"] == study(images=few)["A/generate"]


def test_the_number_of_shards_is_part_of_no_key_but_the_report_s() -> None:
    once, sharded = with_keys(), with_keys(shards=3)
    assert {name for name, key in once.keys.items() if sharded.keys[name] != key} == {"report"}
    record = sharded.record(study(shards=3)["A/generate"])
    assert record["command"][0] == "join"
    assert record["inputs"] == {name.replace("/", "-"): sharded.keys[name] for name in PARTS}


def finish(store: Store, wanted: KeyedPlan, name: str) -> None:
    store.begin(wanted.keys[name], {})
    store.finish(wanted.keys[name], {})


def test_parts_of_what_is_there_as_a_whole_are_not_needed(tmp_path: Path) -> None:
    store, wanted = Store(tmp_path), with_keys(shards=3)
    for name in ("data", "A/train"):
        finish(store, wanted, name)
    left = [stage.name for stage in runs.unfinished(wanted, store)]
    assert left[:4] == [*PARTS, "A/generate"]
    finish(store, wanted, "A/generate")
    assert [stage.name for stage in runs.unfinished(wanted, store)] == left[4:]
    assert not {*PARTS} & {stage.name for stage in wanted.needed(store.finished)}


def test_a_part_of_two_sets_is_needed_until_both_are_there(tmp_path: Path) -> None:
    asked = Study(read(shards=100))
    asked.images("A")
    asked.images("A", count=2304)
    store, wanted = Store(tmp_path), keys_of(plan.Plan("two", asked.stages, {}))
    finish(store, wanted, "A/generate")
    assert [stage.name for stage in wanted.needed(store.finished)] == [
        "data", "A/train", "A/generate-1of3", "A/generate-2of3", "A/generate", "A/generate-2"]


@pytest.mark.parametrize(("value", "said"), [
    ("0", "greater than or equal to 1, found 0"), ("101", "less than or equal to 100, found 101"),
    ("many", "valid integer, found 'many'")])
def test_a_number_of_shards_that_is_none(tmp_path: Path, value: str, said: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"study: s\nshards: {value}\ndataset: {{kind: photos}}\nimages: {{gan: 8, train: 4, validation: 2, "
                    "test: 2}\nsources: {GAN: {image: my/gan}}\n")
    with pytest.raises(UserError) as caught:
        manifest.read(path)
    assert str(caught.value).startswith(f"{path}:2: shards: ") and said in str(caught.value)
