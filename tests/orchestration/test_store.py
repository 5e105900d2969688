"""Finished stages, and the leases on those that are being made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from orchestration import leases
from orchestration.errors import UserError
from orchestration.store import Scratch, Store


def test_a_stage_is_finished_when_it_was_renamed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert not store.finished("k")
    config = store.begin("k", {"batch": 4})
    store.log("k").write_text("hello")
    assert config.read_text() == '{\n "batch": 4\n}\n' and not store.finished("k")
    store.finish("k", {"name": "A"})
    assert store.finished("k") and not store.partial("k").exists() and not config.exists()
    assert store.record("k") == {"format": 1, "key": "k", "name": "A"}
    assert store.log("k") == store.folder("k") / "stage.log" and store.log("k").read_text() == "hello"


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"key": "of another"}'])
def test_a_damaged_record_is_named(tmp_path: Path, text: str) -> None:
    store = Store(tmp_path / "store")
    store.begin("k", {})
    store.finish("k", {})
    (store.folder("k") / "stage.json").write_text(text)
    with pytest.raises(UserError, match="k/stage.json: damaged, .* remove that folder, and the stage is made again"):
        store.finished("k")


def test_a_stage_cannot_reach_its_log_before_it_has_ended(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin("k", {})
    assert list(store.partial("k").iterdir()) == [] and not store.log("k").is_relative_to(store.partial("k"))


def test_a_finish_that_was_interrupted_loses_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(path: Path, target: Path) -> None:
        raise KeyboardInterrupt

    store = Store(tmp_path)
    store.begin("k", {})
    store.log("k").write_text("hello")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            store.finish("k", {})
    assert not store.finished("k")
    store.begin("k", {})
    assert list(store.partial("k").iterdir()) == [] and store.log("k").read_text() == "hello"
    store.finish("k", {})
    assert store.log("k").read_text() == "hello" and list(tmp_path.glob(".run/*")) == []


def test_beginning_again_keeps_what_was_made(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin("k", {})
    (store.partial("k") / "checkpoint").touch()
    store.begin("k", {})
    assert (store.partial("k") / "checkpoint").exists()


def test_a_stage_has_one_lease(tmp_path: Path) -> None:
    one, other = Store(tmp_path), Store(tmp_path)
    with one.lease("k") as first, other.lease("k") as second, other.lease("l") as third:
        assert first is not None and second is None and third is not None
        assert not other.is_free("k")
    with other.lease("k") as again:
        assert again is not None
    assert other.is_free("k")


def test_a_stage_that_a_job_of_a_cluster_writes_is_not_free(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with leases.attempt(tmp_path / ".run/k.writer"):
        assert store.written_by_job("k") and not store.is_free("k") and store.is_free("l")
    assert store.is_free("k") and not store.written_by_job("k")


def test_to_ask_whether_a_stage_is_free_writes_nothing(tmp_path: Path) -> None:
    assert Store(tmp_path).is_free("k") and list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a small disk")
def test_a_small_disk_of_temporary_files_is_enough_for_a_command(tmp_path: Path) -> None:
    """/tmp may be 200 MB of memory."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", tmp_path], check=True)
    try:
        Scratch(tmp_path / "store").require_space(more=100 << 20)
        with pytest.raises(UserError, match="has 200 MiB left, a run needs 264 MiB.*: TMPDIR=DIR"):
            Scratch(tmp_path / "store").require_space(more=200 << 20)
        with pytest.raises(UserError, match="--store DIR"):
            Store(tmp_path / "store").require_space()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.store.Store.least_free", 1 << 60)
    with pytest.raises(UserError, match=f"{tmp_path}.*--store"):
        Store(tmp_path).require_space()
