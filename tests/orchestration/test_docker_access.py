"""Files that stages may not read though we may, and places that are another user's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from orchestration import ownership
from orchestration.engines import docker_access
from orchestration.errors import UserError
from orchestration.store import Store

ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
OTHER = 12345


def given_away(file: Path, mode: int) -> Path:
    file.touch()
    os.chown(file, OTHER, OTHER)
    file.chmod(mode)
    return file


@ROOT
def test_what_root_in_a_container_may_not_read_is_told(tmp_path: Path) -> None:
    """`sudo make` on data of the caller alone: stages have no capability to override modes."""
    fine = [given_away(tmp_path / "a", 0o644), tmp_path]
    docker_access.check({}, fine)
    closed = given_away(tmp_path / "b", 0o600)
    with pytest.raises(UserError, match=f"{closed}: .* {OTHER}'s; run this as {OTHER}, without sudo, or .*chmod o"):
        docker_access.check({}, [*fine, closed])


def test_what_is_ours_may_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "a").chmod(0o600)
    docker_access.check({}, [tmp_path / "a"])


def test_a_rootless_engine_does_not_know_our_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    file.touch()
    file.chmod(0o640)
    monkeypatch.setattr(os, "getuid", lambda: OTHER)
    monkeypatch.setattr(os, "getgid", lambda: OTHER)
    monkeypatch.setattr(os, "getgroups", lambda: [file.stat().st_gid])
    docker_access.check({}, [file])
    with pytest.raises(UserError, match="a rootless engine leaves your groups outside"):
        docker_access.check({"Rootless": True}, [file])


@ROOT
def test_what_root_made_in_a_folder_of_ours_is_to_be_made_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ours" / "store" / ".run").mkdir(parents=True)
    os.chown(tmp_path / "ours", OTHER, OTHER)
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    assert ownership.mend(tmp_path / "ours" / "not" / "there", "make room") == "make room, or"
    run = tmp_path / "ours" / "store" / ".run"
    whose = f"{run} belongs to root, and you are {OTHER}"
    assert ownership.mend(run / "key.lease.1", "") == f"{whose}: sudo chown -R {OTHER} {run.parent}, or"
    assert ownership.mend(Path("/"), "") == f"/ belongs to root, and you are {OTHER};"


@ROOT
@pytest.mark.parametrize("part", ["", ".run"])
def test_a_store_that_root_made_says_how_to_get_it_back(part: str) -> None:
    """The first `make` was by sudo."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "store")
        (store / ".run").mkdir(parents=True)
        os.chown(folder, OTHER, OTHER)
        os.chown(store, 0 if part == "" else OTHER, OTHER)
        os.seteuid(OTHER)
        try:
            with pytest.raises(UserError, match=f"belongs to root, .*sudo chown -R {OTHER} {store / part}.*--store"):
                Store(store).require_space()
        finally:
            os.seteuid(0)
