"""Studies of shell scripts through Docker: the store, failures, kills, two runs at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration import runs
from orchestration.engines.docker_engine import DockerEngine
from orchestration.errors import NoDevice, StageFailed, UserError
from orchestration.repository import REPOSITORY
from orchestration.stage import Plan, Resources
from orchestration.store import Store
from tests.study.shell_study import NUMBERS, plan, run, stage

pytestmark = pytest.mark.docker


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def start(tiny_image: str, store: Store) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the study as a program of its own."""
    started: list[subprocess.Popen[str]] = []

    def start_program() -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tests.study.shell_study", str(store.root), tiny_image]
        program = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY, start_new_session=True
        )
        started.append(program)
        return program

    yield start_program
    for program in started:
        program.kill()
        program.communicate()


def containers(engine: DockerEngine, store: Store, running_only: bool = True) -> list[str]:
    """The stages of a store that have a container."""
    found = engine.client.containers.list(all=not running_only, filters={"label": f"ganfp.store={store.root}"})
    return [container.labels["ganfp.stage"] for container in found]


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "it did not come to that within a minute"
        time.sleep(0.05)


def numbers(store: Store, key: str) -> list[str]:
    """What the stage `slow` has written so far, finished or not."""
    for folder in (store.folder(key), store.partial(key)):
        if (folder / "numbers").is_file():
            return (folder / "numbers").read_text().split()
    return []


@pytest.fixture
def slow(tiny_image: str, store: Store, docker_engine: DockerEngine) -> str:
    """The key of the stage `slow`."""
    return runs.with_keys(plan(tiny_image), store, docker_engine.image_id, print).keys["slow"]


def test_a_study_runs_and_is_kept(tiny_image: str, store: Store, docker_engine: DockerEngine) -> None:
    keys = run(plan(tiny_image), store).keys
    assert (store.folder(keys["last"]) / "all").read_text().split() == ["hello", *NUMBERS]
    record = store.record(keys["last"])
    assert record["image_id"] == docker_engine.image_id(tiny_image) and record["engine"] == "docker"
    assert record["inputs"] == {"quick": keys["quick"], "slow": keys["slow"]} and record["seconds"] > 0
    assert (record["peak_memory"], record["cpu_seconds"]) == (2097152, 0.5)  # as it said
    assert store.record(keys["slow"])["peak_memory"] is None  # as it said nothing
    assert containers(docker_engine, store, running_only=False) == []


def test_a_changed_stage_runs_again_with_what_hangs_on_it(tiny_image: str, store: Store) -> None:
    first = Plan("s", (stage(tiny_image, "a", "exit 0"), stage(tiny_image, "b", "exit 0", "a")), {})
    other = Plan("s", (stage(tiny_image, "a", "exit 0"), stage(tiny_image, "b", "exit  0", "a")), {})
    before, after = run(first, store).keys, run(other, store).keys
    assert before["a"] == after["a"] and before["b"] != after["b"]
    assert len(list(store.root.glob("*/stage.json"))) == 3


def test_a_failed_stage_is_told_in_full_and_the_others_go_on(
    tiny_image: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = stage(tiny_image, "broken", "echo trouble ahead >&2; exit 7")
    stages = (broken, stage(tiny_image, "after", "exit 0", "broken"), stage(tiny_image, "beside", "echo x > /out/x"))
    with pytest.raises(StageFailed, match="broken failed; after did not run"):
        run(Plan("s", stages, {}), store)
    told = capsys.readouterr().out
    log = next(store.root.glob(".run/*.log"))
    for words in (
        "broken failed: it crashed",
        f"image:   {tiny_image}",
        "command: -c 'echo trouble ahead",
        "status:  7",
        f"log:     {log}",
        "trouble ahead",
    ):
        assert words in told
    assert "trouble ahead" in log.read_text() and len(list(store.root.glob("*/x"))) == 1


def test_a_lack_of_memory_is_told_with_the_limit(
    tiny_image: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StageFailed):
        run(Plan("s", (stage(tiny_image, "greedy", "tail /dev/zero", memory=32 << 20),), {}), store)
    assert "it ran out of memory (its limit: 32 MiB)" in capsys.readouterr().out


def test_a_failed_stage_runs_again(tiny_image: str, store: Store) -> None:
    retry = Plan("s", (stage(tiny_image, "a", "ls /out/tried || { touch /out/tried; exit 1; }"),), {})
    with pytest.raises(StageFailed):
        run(retry, store)
    assert (store.folder(run(retry, store).keys["a"]) / "tried").exists()


def test_a_killed_run_is_continued_without_two_writers(
    start: Callable[[], subprocess.Popen[str]], docker_engine: DockerEngine, store: Store, slow: str
) -> None:
    program = start()
    wait_for(lambda: len(numbers(store, slow)) > 5)
    program.kill()
    program.wait()
    quick = next(store.root.glob("*/word")).parent
    made = (quick / "stage.json").stat().st_mtime_ns
    assert containers(docker_engine, store) == ["slow"]  # it goes on, as nobody stopped it
    again = start()
    assert again.wait(timeout=120) == 0, again.communicate()
    assert numbers(store, slow) == NUMBERS
    assert (quick / "stage.json").stat().st_mtime_ns == made
    assert containers(docker_engine, store, running_only=False) == []


def test_containers_of_a_killed_run_are_cleaned_up_by_any_later_one(
    start: Callable[[], subprocess.Popen[str]], docker_engine: DockerEngine, store: Store, slow: str, tiny_image: str
) -> None:
    program = start()
    wait_for(lambda: numbers(store, slow))
    program.kill()
    program.wait()
    run(Plan("other", (stage(tiny_image, "other", "exit 0"),), {}), store)
    assert containers(docker_engine, store, running_only=False) == []


def test_a_killed_container_is_told_and_continued(
    start: Callable[[], subprocess.Popen[str]], docker_engine: DockerEngine, store: Store, slow: str
) -> None:
    program = start()
    wait_for(lambda: len(numbers(store, slow)) > 5)
    docker_engine.client.containers.list(filters={"label": f"ganfp.key={slow}"})[0].kill()
    told, _ = program.communicate(timeout=120)
    assert program.returncode == 1
    assert "slow failed: it was killed (SIGKILL) from outside" in told and "status:  137" in told
    assert len(numbers(store, slow)) < 30
    again = start()
    assert again.wait(timeout=120) == 0
    assert numbers(store, slow) == NUMBERS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_stops_containers_cleanly(
    start: Callable[[], subprocess.Popen[str]], docker_engine: DockerEngine, store: Store, slow: str, number: int
) -> None:
    program = start()
    wait_for(lambda: numbers(store, slow))
    os.kill(program.pid, number)
    told, _ = program.communicate(timeout=60)
    assert program.returncode == 130
    assert "stopping" in told and "this continues it: this command" in told and "Traceback" not in told
    assert containers(docker_engine, store, running_only=False) == []
    assert 0 < len(numbers(store, slow)) < 30


def test_two_runs_at_once_share_the_work(
    start: Callable[[], subprocess.Popen[str]], store: Store, slow: str
) -> None:
    programs = [start(), start()]
    told = [program.communicate(timeout=120)[0] for program in programs]
    assert [program.returncode for program in programs] == [0, 0], told
    assert numbers(store, slow) == NUMBERS
    assert sum("waiting for another run" in words for words in told) >= 1


def test_a_disk_without_room_is_refused_before_anything_runs(
    tiny_image: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.store.Store.least_free", 1 << 60)
    with pytest.raises(UserError, match="MiB left.*--store"):
        run(plan(tiny_image), store)
    assert list(store.root.glob("*.partial")) == []


def test_a_disk_that_fills_up_is_told(
    tiny_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("orchestration.store.Store.least_free", 0)
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("only root can make a small disk")
    try:
        with pytest.raises(StageFailed):
            run(Plan("s", (stage(tiny_image, "a", "dd if=/dev/zero of=/out/file bs=1M count=8"),), {}), Store(small))
    finally:
        subprocess.run(["umount", "-l", small], check=True)
    assert "the disk is full" in capsys.readouterr().out


def test_a_gpu_that_is_not_there_is_refused_before_anything_runs(
    tiny_image: str, store: Store, docker_engine: DockerEngine
) -> None:
    if docker_engine.nodes()[0].resources.gpus:
        pytest.skip("this machine has a GPU")
    wishful = replace(stage(tiny_image, "wishful", "exit 0"), resources=Resources(1, 1, 64 << 20))
    with pytest.raises(NoDevice, match="could not select device driver"):
        run(Plan("s", (stage(tiny_image, "a", "exit 0"), wishful), {}), store)
    assert list(store.root.glob("*.partial")) == []
