"""Leases, and programs that race for them."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration import leases
from orchestration.errors import UserError
from orchestration.repository import REPOSITORY

HOLD = """
import sys, time
from pathlib import Path
from orchestration import leases
time.sleep(max(0, float(sys.argv[2]) - time.time()))
with leases.attempt(Path(sys.argv[1])) as lease:
    print("got" if lease else "none", flush=True)
    input()
"""
COUNT = """
import sys
from pathlib import Path
from orchestration import leases
leases.POLL_SECONDS = 0.001
number = Path(sys.argv[1]).with_name("number")
for _ in range(20):
    with leases.hold(Path(sys.argv[1])):
        number.write_text(str(int(number.read_text()) + 1))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "thing"


def program(text: str, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip


def line(of: subprocess.Popen[str]) -> str:
    assert of.stdout is not None
    return of.stdout.readline().strip()


def kill(held: subprocess.Popen[str]) -> None:
    held.kill()
    held.communicate()


def left_by(path: Path, change: Callable[[dict[str, object]], object]) -> Path:
    """A lease of a program that was killed, changed by `change`; returns its file."""
    holder = program(HOLD, path, 0)
    assert line(holder) == "got"
    kill(holder)
    (file,) = path.parent.iterdir()
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))
    return file


def test_one_has_it_at_a_time(path: Path) -> None:
    assert leases.is_free(path)
    with leases.attempt(path) as first, leases.attempt(path) as second:
        assert first is not None and second is None and not leases.is_free(path)
    assert leases.is_free(path)
    with leases.attempt(path) as again:
        assert again is not None and again.held()


def test_its_file_says_who_has_it(path: Path) -> None:
    with leases.attempt(path):
        (file,) = path.parent.iterdir()
        content = json.loads(file.read_text())
    assert content["processes"][0][0] == os.getpid() and content["owner"] and content["host"]
    assert abs(content["time"] - time.time()) < 60


def test_one_small_file_is_left_however_often_it_was_taken(path: Path) -> None:
    for _ in range(5):
        with leases.attempt(path):
            assert len(list(path.parent.iterdir())) == 1
    assert len(list(path.parent.iterdir())) == 1


def test_that_of_a_killed_program_is_free_at_once(path: Path) -> None:
    holder = program(HOLD, path, 0)
    assert line(holder) == "got" and not leases.is_free(path)
    kill(holder)
    assert leases.is_free(path)


def test_a_number_that_another_process_has_now_is_no_sign_of_life(path: Path) -> None:
    left_by(path, lambda content: content.update(processes=[[os.getpid(), 1]]))
    assert leases.is_free(path)


@pytest.mark.parametrize("change", [{"boot": "another"}, {"space": "pid:[1]"}])
def test_that_of_another_host_is_free_when_it_was_not_renewed(
    path: Path, change: dict[str, str]
) -> None:
    file = left_by(path, lambda content: content.update(change))
    assert not leases.is_free(path)
    long_ago = file.stat().st_mtime - leases.PATIENCE_SECONDS - 1
    os.utime(file, (long_ago, long_ago))
    assert leases.is_free(path)


def test_one_that_cannot_be_read_counts_until_it_is_old(path: Path) -> None:
    file = left_by(path, lambda content: None)
    file.write_text("{")
    assert not leases.is_free(path)
    os.utime(file, (1, 1))
    assert leases.is_free(path)


def test_it_is_renewed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.02)
    with leases.attempt(path):
        (file,) = path.parent.iterdir()
        os.utime(file, (1, 1))
        until = time.monotonic() + 10
        while file.stat().st_mtime == 1:
            assert time.monotonic() < until
            time.sleep(0.01)


def test_its_owner_learns_that_it_was_lost(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(leases, "_free", lambda file: True)
    with leases.attempt(path) as mine, leases.attempt(path) as taken_over:
        assert mine is not None and taken_over is not None and not mine.held()
        while not mine.lost:
            time.sleep(0.01)
        mine.hold(os.getpid())
        mine.release()
        assert taken_over.held()


def test_a_process_that_holds_it_too_keeps_it(path: Path) -> None:
    with leases.attempt(path) as lease:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        assert lease is not None
        lease.hold(child.pid)
    assert not leases.is_free(path)
    child.communicate()
    assert leases.is_free(path)


def test_a_process_that_has_ended_holds_nothing(path: Path) -> None:
    with leases.attempt(path) as lease:
        child = subprocess.Popen(["true"])
        child.wait()
        assert lease is not None
        lease.hold(child.pid)
    assert leases.is_free(path)


def test_of_many_that_race_for_a_stale_one_one_wins(path: Path) -> None:
    left_by(path, lambda content: None)
    start = time.time() + 2
    racers = [program(HOLD, path, start) for _ in range(12)]
    told = [line(racer) for racer in racers]
    assert sorted(told) == ["got"] + ["none"] * 11
    for racer in racers:
        kill(racer)


def test_one_that_comes_late_withdraws(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It read the first lease, and links the second when the third is there and the second gone."""
    with leases.attempt(path):
        pass

    def slow(file: Path) -> bool:
        monkeypatch.setattr(leases, "_free", real)
        with leases.attempt(path):
            pass
        stack.append(leases._take(path))
        return True

    real, stack = leases._free, []
    monkeypatch.setattr(leases, "_free", slow)
    with leases.attempt(path) as late:
        assert late is None
    assert stack[0].held()
    stack[0].release()
    assert leases.is_free(path)


def test_those_who_wait_come_one_after_the_other(path: Path) -> None:
    path.parent.mkdir()
    path.with_name("number").write_text("0")
    counting = [program(COUNT, path) for _ in range(4)]
    assert [each.communicate()[0] for each in counting] == [""] * 4
    assert path.with_name("number").read_text() == "80"


def test_a_file_system_without_links_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    path.parent.mkdir()
    monkeypatch.setattr(os, "link", no_link)
    with pytest.raises(UserError, match="folder: this file system has no hard links.*--store"):
        leases._take(path)
    assert list(path.parent.iterdir()) == []
