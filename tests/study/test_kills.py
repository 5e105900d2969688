"""Killed in the middle, continued, and the same bits as if nothing had happened: real training, real image sets."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.engines.docker_engine import DockerEngine
from orchestration.repository import REPOSITORY
from orchestration.store import Store
from tests.study.eigenimages_study import plan, run, write_images

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("images") / "noise")


@pytest.fixture(scope="module")
def undisturbed(eigenimages: str, images: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What an undisturbed run makes."""
    store = Store(tmp_path_factory.mktemp("undisturbed"))
    return outputs(store, run(plan(images), store).keys)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def outputs(store: Store, keys: dict[str, str]) -> dict[str, bytes]:
    """Model and images of a finished study."""
    files = {"train": ("weights.npz", "training.json", "model.json"), "generate": ("images.npy",)}
    return {name: (store.folder(keys[stage]) / name).read_bytes() for stage in files for name in files[stage]}


@pytest.fixture
def program(eigenimages: str, images: Path, store: Store) -> Iterator[subprocess.Popen[str]]:
    """The study as a program of its own, on its way."""
    words = [sys.executable, "-m", "tests.study.eigenimages_study", str(store.root), str(images)]
    started = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY)
    yield started
    started.kill()
    started.communicate()


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until, "it did not come to that within two minutes"
        time.sleep(0.02)


def checkpoints(store: Store) -> list[Path]:
    return list(store.root.glob("*.partial/checkpoints/0*"))


def test_a_killed_orchestrator_changes_no_bit(
    program: subprocess.Popen[str],
    undisturbed: dict[str, bytes],
    images: Path,
    store: Store,
    docker_engine: DockerEngine,
) -> None:
    wait_for(lambda: len(checkpoints(store)) == 2)
    program.kill()
    program.wait()
    keys = run(plan(images), store).keys
    assert "continuing after step" in store.log(keys["train"]).read_text()
    assert outputs(store, keys) == undisturbed
    assert docker_engine.client.containers.list(all=True, filters={"label": f"ganfp.store={store.root}"}) == []


def test_a_killed_container_changes_no_bit(
    program: subprocess.Popen[str],
    undisturbed: dict[str, bytes],
    images: Path,
    store: Store,
    docker_engine: DockerEngine,
) -> None:
    wait_for(lambda: len(checkpoints(store)) == 2)
    docker_engine.client.containers.list(filters={"label": f"ganfp.store={store.root}"})[0].kill()
    told, _ = program.communicate(timeout=120)
    assert program.returncode == 1 and "train failed: it was killed" in told and "generate did not run" in told
    keys = run(plan(images), store).keys
    assert "continuing after step" in store.log(keys["train"]).read_text()
    assert outputs(store, keys) == undisturbed


def test_finished_stages_are_not_repeated_after_a_kill(
    program: subprocess.Popen[str], undisturbed: dict[str, bytes], images: Path, store: Store
) -> None:
    wait_for(lambda: list(store.root.glob("*.partial/images.npy*")))
    program.kill()
    program.wait()
    (record,) = [path for path in store.root.glob("*/stage.json") if path.parent.suffix != ".partial"]
    made = record.stat().st_mtime_ns
    keys = run(plan(images), store).keys
    assert store.folder(keys["train"]) == record.parent and record.stat().st_mtime_ns == made
    assert outputs(store, keys) == undisturbed


def test_another_seed_makes_other_images(undisturbed: dict[str, bytes], images: Path, store: Store) -> None:
    assert outputs(store, run(plan(images, seed=1), store).keys)["images.npy"] != undisturbed["images.npy"]
