"""orchestrate.py store, on a store of folders that pretend to be stages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.store import _keys, command
from orchestration.store import Store

MANIFEST = """
study: {name}
resolution: 32
device: cpu
dataset: {kind: photos}
images: {gan: 8, train: 4, validation: 2, test: 2}
sources:
  A: {image: progan}
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """The stages of one manifest, those of another that has the same data, and one of nobody's."""
    store = Store(tmp_path / "store")
    for name in ("one", "two"):
        for key in keys(manifest(tmp_path, name), store):
            if not store.finished(key):
                store.begin(key, {})
                store.finish(key, {"study": name, "inputs": {}})
    store.begin("d" * 64, {})
    return store


def manifest(folder: Path, name: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(MANIFEST.replace("{name}", name) + ("seed: 1\n" if name == "two" else ""))
    return path


def keys(path: Path, store: Store) -> set[str]:
    return set(_keys(path, store))


def call(store: Store, *words: object) -> Result:
    words = (*words, "--store", store.root)
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def test_du_says_what_is_there_by_study(store: Store) -> None:
    lines = call(store, "du").output.splitlines()
    names = [re.split(r"  +", line)[0] for line in lines]
    assert names == ["study", "one", "two", "(begun, not finished)", "(other files)", "all"]
    assert re.fullmatch(r"one +\d+ +\d+ KiB", lines[1])


def test_gc_removes_nothing_unasked(store: Store, tmp_path: Path) -> None:
    before = sorted(store.root.iterdir())
    told = call(store, "gc", tmp_path / "one.yaml").output
    assert "not needed: " in told and "nothing was removed; --yes removes it" in told
    assert sorted(store.root.iterdir()) == before


def test_gc_keeps_what_the_manifests_need_and_what_is_being_made(store: Store, tmp_path: Path) -> None:
    one, two = (keys(tmp_path / f"{name}.yaml", store) for name in ("one", "two"))
    with store.lease("d" * 64):
        told = call(store, "gc", tmp_path / "one.yaml", "--yes").output
    assert f"removed: {len(two - one)} stages" in told and "being made just now, and kept: 1 stage, " in told
    assert {key for key in one | two if store.finished(key)} == one and store.partial("d" * 64).exists()
    assert "removed: 1 stage, " in call(store, "gc", tmp_path / "one.yaml", "--yes").output
    assert "not needed: 0 stages, 0 KiB" in call(store, "gc", tmp_path / "one.yaml", "--yes").output


def test_gc_needs_a_manifest(store: Store) -> None:
    assert call(store, "gc").exit_code == 2


def test_gc_removes_the_parts_of_what_is_there_as_a_whole(tmp_path: Path) -> None:
    store, path = Store(tmp_path / "store"), manifest(tmp_path, "sharded")
    path.write_text(path.read_text().replace("train: 4", "train: 3000") + "shards: 2\n")
    before = keys(path, store)
    for key in before:
        store.begin(key, {})
        store.finish(key, {"study": "sharded", "inputs": {}})
    assert "removed: 2 stages" in call(store, "gc", path, "--yes").output
    assert len(before - keys(path, store)) == 2 and all(store.finished(key) for key in keys(path, store))
