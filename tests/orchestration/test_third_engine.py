"""A third engine, written here in a few lines, runs a study: nothing but choice.py would have to know of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestration import study
from orchestration.engines import Job, Result, Running, Tell
from orchestration.errors import StageFailed
from orchestration.execution import Execution
from orchestration.identity import Identified, identify
from orchestration.scheduler import Started, Task, schedule
from orchestration.stage import Plan, Resources, Stage
from orchestration.store import Store

WISH = Resources(gpus=0, cores=1, memory=1)


class FunctionEngine:
    """Runs stages as calls of functions: the first word of a command names one, which gets the job."""

    name = "functions"

    def __init__(self, **functions: Callable[[Job], int]) -> None:
        self._functions = functions

    def room(self) -> Resources:
        return Resources(gpus=1, cores=2, memory=10)

    def image_id(self, reference: str) -> str:
        return f"id of {reference}"

    def prepare(self, stages: Collection[Stage], tell: Tell) -> None:
        tell({"event": "log", "message": f"{len(stages)} to prepare"})

    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        pass

    def start(self, job: Job) -> Running:
        return _Call(self._functions[job.stage.command[0]], job)


class _Call:
    image_id = "a function"

    def __init__(self, function: Callable[[Job], int], job: Job) -> None:
        self._function, self._job = function, job
        self.cancelled = threading.Event()

    def events(self) -> Iterator[Mapping[str, Any]]:
        yield {"event": "progress", "step": 1, "total": 1}
        self._status = self._function(self._job)

    def result(self) -> Result:
        return Result(self._status, out_of_memory=False, last_lines=("one", "two"))

    def cancel(self) -> None:
        self.cancelled.set()


def write(job: Job) -> int:
    """Write the names of the inputs, and the configuration."""
    (job.out / "inputs").write_text(" ".join(job.inputs))
    (job.out / "config").write_text(job.config.read_text())
    return 0


def stage(name: str, function: str, *needs: str) -> Stage:
    return Stage(name, "any", "cpu", (function,), WISH, {"of": name}, {need: need for need in needs})


def identified(*stages: Stage) -> Identified:
    return identify(Plan("third", stages, {}), lambda image, flavour: "content", lambda path: "hash")


def test_it_runs_a_study_into_the_store(tmp_path: Path) -> None:
    wanted, store = identified(stage("a", "write"), stage("b", "write", "a")), Store(tmp_path)
    study.run(wanted, store, FunctionEngine(write=write), Console(quiet=True))
    folder = store.folder(wanted.keys["b"])
    assert (folder / "inputs").read_text() == "a" and (folder / "config").read_text() == '{\n "of": "b"\n}\n'
    assert store.record(wanted.keys["b"])["engine"] == "functions" and study.unfinished(wanted, store) == []


def test_only_what_is_unfinished_runs(tmp_path: Path) -> None:
    ran: list[str] = []
    engine = FunctionEngine(note=lambda job: ran.append(job.stage.name) or 0)
    store = Store(tmp_path)
    study.run(identified(stage("a", "note")), store, engine, Console(quiet=True))
    study.run(identified(stage("a", "note"), stage("b", "note", "a")), store, engine, Console(quiet=True))
    assert ran == ["a", "b"]


def test_a_failure_is_kept_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = identified(stage("a", "fail"), stage("b", "write", "a"), stage("c", "write"))
    with pytest.raises(StageFailed, match="a failed; b did not run, as they need it"):
        study.run(wanted, Store(tmp_path), FunctionEngine(fail=lambda job: 3, write=write), Console())
    told = capsys.readouterr().out
    assert "a failed: the device it asks for is not there" in told and "    one\n    two\n" in told
    assert [left.name for left in study.unfinished(wanted, Store(tmp_path))] == ["a", "b"]


def test_a_fault_of_our_own_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        study.run(identified(stage("a", "fault")), Store(tmp_path), FunctionEngine(fault=fault), Console(quiet=True))


def fault(job: Job) -> int:
    return 1 // 0


def test_stopping_cancels_what_runs(tmp_path: Path) -> None:
    calls: list[_Call] = []

    class Waiting(FunctionEngine):
        def start(self, job: Job) -> Running:
            calls.append(_Call(lambda job: 143 * calls[0].cancelled.wait(timeout=10), job))
            return calls[0]

    wanted = identified(stage("a", "any"))
    execution = Execution(wanted, Store(tmp_path), Waiting())
    events = schedule([Task("a", (), WISH)], Resources(0, 1, 1), execution.run, execution.stop)
    assert next(events) == Started("a", ())
    events.close()
    assert not calls or calls[0].cancelled.is_set()
    assert study.unfinished(wanted, Store(tmp_path)) != []
