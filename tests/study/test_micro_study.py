"""A whole study, as small as it gets, from its manifest to its report: through Docker, and through processes."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.models.containers import Container

from orchestration.engines.docker_engine import DockerEngine
from orchestration.repository import REPOSITORY
from sources.contract import imagesets, png
from tests.study.micro import MANIFEST, SOURCES, STAGES, finished, image_hashes, orchestrate

pytestmark = pytest.mark.slow


def test_every_stage_is_kept_with_its_record(docker_store: Path) -> None:
    assert set(finished(docker_store)) == set(STAGES)
    record = json.loads((finished(docker_store)["ProGAN/generate"] / "stage.json").read_text())
    assert record["image_id"].startswith("sha256:") and record["engine"] == "docker"


def test_it_leaves_a_report_that_can_be_mailed(docker_store: Path) -> None:
    folder = docker_store.parent / "runs/micro"
    results = json.loads((folder / "report/results.json").read_text())
    assert 0 <= results["experiments"]["existence"]["result"]["methods"][0]["accuracy"] <= 1
    assert "<html" in (folder / "report/index.html").read_text()
    assert not any(path.is_symlink() for path in folder.rglob("*"))
    run = json.loads((folder / "run.json").read_text())
    assert set(run["stages"]) == set(STAGES) and run["results"]["report"] == "report"


def test_a_finished_study_is_told_in_two_seconds_without_a_container(
    docker_store: Path, docker_engine: DockerEngine
) -> None:
    began, before = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    told = orchestrate("run", MANIFEST, "--engine", "docker", "--store", docker_store)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert told.returncode == 0 and "existence: " in told.stdout
    created = docker_engine.client.api.events(
        since=int(began), until=int(time.time()) + 1, decode=True,
        filters={"event": "create", "label": f"ganfp.store={docker_store}"},
    )  # fmt: skip
    assert [event for event in created if event["timeNano"] > began * 1e9] == []
    # Of the processor, as the time on the clock depends on what else this machine is doing.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def test_status_needs_no_engine(docker_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    told = orchestrate("status", MANIFEST, "--store", docker_store)
    assert told.returncode == 0 and told.stdout.count("finished") == len(STAGES)


def test_pictures_are_attributed(docker_store: Path, tmp_path: Path) -> None:
    images = imagesets.read(str(finished(docker_store)["ProGAN/generate"])).images
    for number in range(3):
        png.write(str(tmp_path / f"{number}.png"), images[number])
    model = finished(docker_store)["classifier/train"]
    told = orchestrate("attribute", tmp_path, "--model", model, "--json", "--engine", "docker")
    assert told.returncode == 0, told.stderr
    rows = json.loads(told.stdout)
    assert [Path(row["file"]).name for row in rows] == ["0.png", "1.png", "2.png"]
    assert all(row["label"] in ("real", *SOURCES) and 0.2 <= row["probability"] <= 1 for row in rows)
    assert {type(row["known"]) for row in rows} == {bool}


def test_a_study_that_is_killed_twice_makes_the_same_images(
    docker_store: Path, docker_engine: DockerEngine, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    words = [sys.executable, "orchestrate.py", "run", str(MANIFEST), "--engine", "docker", "--store", str(store)]
    first = subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: list(store.glob("*.partial/checkpoints/0*")))
    first.kill()
    first.wait()
    done, left = modified(store), containers(docker_engine, store)
    second = subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    kill_the_next_training(docker_engine, store, left)
    told, _ = second.communicate(timeout=900)
    assert second.returncode == 1 and "it was killed (SIGKILL) from outside" in told
    done |= modified(store)
    third = orchestrate("run", MANIFEST, "--engine", "docker", "--store", store)
    assert third.returncode == 0, third.stdout + third.stderr
    assert image_hashes(store) == image_hashes(docker_store)
    assert {name: modified(store)[name] for name in done} == done


@pytest.mark.skipif(shutil.which("python2.7") is None, reason="there is no python2.7 for SNGAN on this machine")
def test_the_same_through_processes(tmp_path: Path) -> None:
    store = tmp_path / "store"
    told = orchestrate("run", MANIFEST, "--engine", "process", "--store", store)
    assert told.returncode == 0, told.stdout + told.stderr
    assert set(finished(store)) == set(STAGES) and len(set(image_hashes(store).values())) == len(SOURCES)
    assert json.loads((finished(store)["data"] / "stage.json").read_text())["engine"] == "process"


def modified(store: Path) -> dict[str, int]:
    """When each finished stage was finished."""
    return {name: (folder / "stage.json").stat().st_mtime_ns for name, folder in finished(store).items()}


def containers(engine: DockerEngine, store: Path) -> list[Container]:
    """Those that run for a store."""
    return list(engine.client.containers.list(filters={"label": f"ganfp.store={store}"}))


def kill_the_next_training(engine: DockerEngine, store: Path, others: list[Container]) -> None:
    """Kill the container, none of `others`, of a training that has written a checkpoint."""

    def trained() -> list[Container]:
        keys = {path.parents[1].name.removesuffix(".partial") for path in store.glob("*.partial/checkpoints/0*")}
        running = [container for container in containers(engine, store) if container not in others]
        return [container for container in running if container.labels["ganfp.key"] in keys]

    wait_for(trained)
    trained()[0].kill()


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < until, "it did not come to that within ten minutes"
        time.sleep(0.05)
