"""What a store holds, for whom, and what is removed of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestration import inventory
from orchestration.inventory import Item
from orchestration.store import Store

DATA, MODEL, OTHER, BEGUN = (digit * 64 for digit in "abcd")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """One study's data and model, another's model made from the same data, and a stage that was begun."""
    store = Store(tmp_path / "store")
    finish(store, DATA, "demo", {})
    finish(store, MODEL, "demo", {"data": DATA})
    finish(store, OTHER, "celeba", {"data": DATA})
    store.begin(BEGUN, {})
    (store.partial(BEGUN) / "checkpoint").write_bytes(bytes(100_000))
    (store.root / "files.json").write_text("{}")
    return store


def finish(store: Store, key: str, study: str, inputs: Mapping[str, str]) -> None:
    store.begin(key, {})
    store.finish(key, {"study": study, "inputs": inputs})


def item(store: Store, key: str) -> Item:
    return next(item for item in inventory.items(store) if item.key == key)


def kinds(store: Store) -> dict[str, str]:
    return {item.path.name[:8]: item.kind for item in inventory.items(store)}


def test_a_store_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert inventory.items(Store(tmp_path / "none")) == []


def test_items_are_told_apart_and_measured(store: Store) -> None:
    assert kinds(store) == {
        "a" * 8: "finished", "b" * 8: "finished", "c" * 8: "finished", "d" * 8: "begun",
        ".run": "other", "files.js": "other",
    }  # fmt: skip
    assert 100_000 <= item(store, BEGUN).bytes < 130_000


def test_a_begun_stage_that_says_it_is_finished_is_begun(store: Store) -> None:
    (store.partial(BEGUN) / "stage.json").write_text("{}")
    assert item(store, BEGUN).kind == "begun" and BEGUN not in inventory.studies(store, inventory.items(store))


def test_what_only_bears_the_name_of_a_stage_is_left_alone_and_a_damaged_one_may_go(store: Store) -> None:
    (store.root / ("1" * 64)).touch()
    (store.root / ("2" * 64)).symlink_to(store.root)
    os.mkfifo(store.root / ("3" * 64))
    (store.folder(OTHER) / "stage.json").write_text("")
    found = kinds(store)
    assert found["1" * 8] == found["2" * 8] == found["3" * 8] == "other" and found["c" * 8] == "begun"
    assert inventory.remove(store, item(store, OTHER)) and not store.folder(OTHER).exists()


def test_a_stage_belongs_to_all_who_were_made_from_it(store: Store) -> None:
    users = inventory.studies(store, inventory.items(store))
    assert users == {DATA: ["celeba", "demo"], MODEL: ["demo"], OTHER: ["celeba"]}


def test_a_stage_of_before_studies_were_noted_is_of_none(store: Store) -> None:
    store.begin("e" * 64, {})
    store.finish("e" * 64, {"inputs": {}})
    assert inventory.studies(store, inventory.items(store))["e" * 64] == []


def test_what_no_study_needs_is_unneeded_and_what_is_not_ours_is_not(store: Store) -> None:
    left = inventory.unneeded(inventory.items(store), {DATA, MODEL})
    assert [item.key for item in left] == [OTHER, BEGUN]


def test_a_removed_stage_is_gone_with_what_it_was_begun_with(store: Store) -> None:
    for key in (OTHER, BEGUN):
        assert inventory.remove(store, item(store, key))
    assert not store.finished(OTHER) and set(kinds(store)) == {"a" * 8, "b" * 8, ".run", "files.js"}
    assert {path.suffixes[0] for path in (store.root / ".run").iterdir()} == {".lease"}


def test_what_a_job_of_a_cluster_left_is_begun(store: Store) -> None:
    job = store.root / ".run" / f"{BEGUN}.job"
    before = sum(item.bytes for item in inventory.items(store))
    store.partial(BEGUN).rename(job)
    (left,) = (item for item in inventory.items(store) if item.key == BEGUN)
    assert left.path == job and left.kind == "begun" and 100_000 <= left.bytes < 130_000
    assert sum(item.bytes for item in inventory.items(store)) == before
    assert inventory.remove(store, left) and not list(store.root.glob(".run/*.job*"))


def test_a_stage_that_is_being_made_is_kept(store: Store) -> None:
    with store.lease(BEGUN):
        assert not inventory.remove(store, item(store, BEGUN))
    assert (store.partial(BEGUN) / "checkpoint").exists()


def test_a_stage_that_is_gone_by_now_is_no_trouble(store: Store) -> None:
    begun = item(store, BEGUN)
    store.finish(BEGUN, {"study": "demo", "inputs": {}})
    assert not inventory.remove(store, begun) and store.finished(BEGUN)


def test_a_removal_that_is_killed_leaves_no_stage_that_looks_finished(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path, ignore_errors: bool = False) -> None:
        if path.exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            inventory.remove(store, item(store, MODEL))
    assert not store.finished(MODEL) and not store.folder(MODEL).exists()
    (left,) = inventory.unneeded(inventory.items(store), {DATA, MODEL, OTHER, BEGUN})
    assert left.kind == "removed" and inventory.remove(store, left)
    assert not left.path.exists()
