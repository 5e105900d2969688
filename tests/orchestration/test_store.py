"""Finished stages, and the leases on those that are being made."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.errors import UserError
from orchestration.store import Store


def test_a_stage_is_finished_when_it_was_renamed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert not store.finished("k")
    config = store.begin("k", {"batch": 4})
    (store.partial("k") / "stage.log").write_text("hello")
    assert config.read_text() == '{\n "batch": 4\n}\n' and not store.finished("k")
    store.finish("k", {"name": "A"})
    assert store.finished("k") and not store.partial("k").exists() and not config.exists()
    assert store.record("k") == {"format": 1, "key": "k", "name": "A"}
    assert store.log("k").read_text() == "hello"


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


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.store.Store.least_free", 1 << 60)
    with pytest.raises(UserError, match=f"{tmp_path}.*--store"):
        Store(tmp_path).require_space()
