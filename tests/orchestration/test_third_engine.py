"""A third engine, whose jobs outlive the orchestrator, runs studies: nobody else has to know of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from orchestration import host, runs
from orchestration.engines import Job
from orchestration.errors import StageFailed
from orchestration.execution import Execution
from orchestration.repository import REPOSITORY
from orchestration.scheduler import Reported, Started, Task, schedule
from orchestration.store import Store
from tests.orchestration.detached_engine import Detached, DetachedEngine, counting, stage, with_keys

NUMBERS = [str(number) for number in range(1, 21)]
KEYS = counting().keys
Start = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def start(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts the counting study as a program of its own, on a host of our own as to its GPUs."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    started: list[subprocess.Popen[str]] = []

    def start_program() -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tests.orchestration.detached_engine", str(store.root)]
        program = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY
        )
        started.append(program)
        return program

    yield start_program
    for program in started:
        program.kill()
        program.wait()
        assert program.stdout is not None
        program.stdout.close()


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not come to that within a minute"
        time.sleep(0.02)


def words(store: Store, name: str, file: str) -> list[str]:
    """What stands in a file of a stage, finished or not."""
    for folder in (store.folder(KEYS[name]), store.partial(KEYS[name])):
        if (folder / file).exists():
            return (folder / file).read_text().split()
    return []


def both_count(store: Store) -> bool:
    return all(len(words(store, name, "numbers")) > 3 for name in ("one", "two"))


def test_a_killed_orchestrator_finds_its_jobs_again_and_nothing_runs_twice(start: Start, store: Store) -> None:
    first = start()
    wait_for(lambda: both_count(store))
    first.kill()
    first.wait()
    at_the_kill = len(words(store, "one", "numbers"))
    wait_for(lambda: len(words(store, "one", "numbers")) > at_the_kill)  # it goes on
    told, _ = start().communicate(timeout=60)
    assert words(store, "last", "all") == NUMBERS + NUMBERS, told
    assert [len(words(store, name, "begun")) for name in ("one", "two")] == [1, 1]
    assert list((store.root / ".jobs").iterdir()) == []


def test_a_job_that_ended_unseen_is_brought_home(start: Start, store: Store) -> None:
    first = start()
    wait_for(lambda: both_count(store))
    first.kill()
    first.wait()
    wait_for(lambda: len(list(store.root.glob(".jobs/*/status"))) == 2)
    told, _ = start().communicate(timeout=60)
    assert words(store, "last", "all") == NUMBERS + NUMBERS, told
    assert len(words(store, "one", "begun")) == 1


def test_a_job_that_died_unseen_is_told_and_runs_again(start: Start, store: Store) -> None:
    first = start()
    wait_for(lambda: both_count(store))
    first.kill()
    first.wait()
    for note in store.root.glob(".jobs/*/process"):
        os.killpg(json.loads(note.read_text())[0], signal.SIGKILL)
    assert "it was killed (SIGKILL) from outside" in start().communicate(timeout=60)[0]
    again = start()
    again.communicate(timeout=60)
    assert again.returncode == 0 and len(words(store, "one", "begun")) == 2


def test_two_orchestrators_share_jobs_and_gpus(start: Start, store: Store) -> None:
    programs = [start(), start()]
    told = [program.communicate(timeout=60)[0] for program in programs]
    assert [program.returncode for program in programs] == [0, 0], told
    assert words(store, "last", "all") == NUMBERS + NUMBERS
    assert [len(words(store, name, "begun")) for name in ("one", "two")] == [1, 1]
    assert "waiting for another run" in "".join(told)


def test_an_interruption_stops_its_jobs(start: Start, store: Store) -> None:
    program = start()
    wait_for(lambda: both_count(store))
    program.send_signal(signal.SIGINT)
    told, _ = program.communicate(timeout=60)
    assert program.returncode == 130 and "Traceback" not in told
    assert list((store.root / ".jobs").iterdir()) == []


def test_it_runs_a_study_into_the_store(store: Store) -> None:
    wanted = with_keys(stage("a", "true"), stage("b", "ls {in} > {out}/inputs; cat {config} > {out}/config", "a"))
    runs.run(wanted, store, DetachedEngine(), Console(quiet=True))
    folder, record = store.folder(wanted.keys["b"]), store.record(wanted.keys["b"])
    assert (folder / "inputs").read_text() == "a\n" and (folder / "config").read_text() == '{\n "of": "b"\n}\n'
    assert record["engine"] == "detached" and record["study"] == "third" and runs.unfinished(wanted, store) == []
    assert record["host"] == {"name": "small", "processor": host.processor(), "cores": 1, "gpus": []}


def test_only_what_is_unfinished_runs(store: Store, tmp_path: Path) -> None:
    note = f"echo x >> {tmp_path}/ran"
    runs.run(with_keys(stage("a", note)), store, DetachedEngine(), Console(quiet=True))
    runs.run(with_keys(stage("a", note), stage("b", note, "a")), store, DetachedEngine(), Console(quiet=True))
    assert (tmp_path / "ran").read_text() == "x\nx\n"


def test_a_failure_is_kept_and_told(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = with_keys(stage("a", "echo one; echo two >&2; exit 3"), stage("b", "true", "a"), stage("c", "true"))
    with pytest.raises(StageFailed, match="a failed; b did not run, as they need it"):
        runs.run(wanted, store, DetachedEngine(), Console())
    told = capsys.readouterr().out
    assert "a failed: the device it asks for is not there" in told and "    one\n" in told
    assert [left.name for left in runs.unfinished(wanted, store)] == ["a", "b"]


def test_a_fault_of_our_own_keeps_its_traceback(store: Store) -> None:
    class Faulty(DetachedEngine):
        def start(self, job: Job) -> Detached:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runs.run(with_keys(stage("a", "true")), store, Faulty(), Console(quiet=True))


def test_a_run_that_lost_its_lease_stops_and_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another host took the stage over, as this one was not heard of for minutes."""
    wanted = with_keys(stage("a", "trap 'exit 143' TERM; while :; do echo '{\"event\": \"log\"}'; sleep 0.1; done"))
    execution = Execution(wanted, store, DetachedEngine())
    monkeypatch.setattr("orchestration.leases.HEARTBEAT_SECONDS", 0.05)
    tasks, nodes = [Task("a", (), stage("a", "").resources)], DetachedEngine().nodes()
    changes = schedule(tasks, nodes, execution.run, execution.stop)
    while not isinstance(next(changes), Reported):
        pass
    (lease,) = store.root.glob(".run/*.lease.1")
    lease.rename(lease.with_suffix(".2"))
    with pytest.raises(StageFailed, match="another run took it over"):
        raise [change for change in changes if not isinstance(change, Reported)][0].error
    assert not store.finished(wanted.keys["a"])


def test_stopping_cancels_what_runs(store: Store) -> None:
    wanted = with_keys(stage("a", "trap 'exit 143' TERM; while :; do sleep 0.1; done"))
    execution = Execution(wanted, store, DetachedEngine())
    wishes = stage("a", "").resources
    changes = schedule([Task("a", (), wishes)], DetachedEngine().nodes(), execution.run, execution.stop)
    assert next(changes) == Started("a", "small")
    changes.close()
    assert runs.unfinished(wanted, store) != []
