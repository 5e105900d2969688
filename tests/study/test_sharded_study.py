"""Images that several jobs make and one more puts together: the bits of one job, also where one was killed."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestration import runs
from orchestration.engines import Engine, Job
from orchestration.engines.docker_engine import DockerEngine
from orchestration.engines.process_engine import ProcessEngine, ProcessRunning
from orchestration.errors import StageFailed
from orchestration.events import Tell
from orchestration.images import Foreign, Image
from orchestration.images.environments import Environment
from orchestration.keys import KeyedPlan
from orchestration.manifest import Manifest
from orchestration.repository import REPOSITORY
from orchestration.stage import Plan
from orchestration.store import Store
from orchestration.study import Study
from sources.contract import imagesets
from tests.sources.real.real_archives import photograph

EXAMPLE = "somebody/eigenimages:latest"
EIGENIMAGES = {"image": EXAMPLE, "settings": {"steps": 20}}
CRAMERGAN = {"image": "cramergan", "settings": {  # whose images depend on the others of their block
    "features": 8, "generator_width": 4, "discriminator_width": 4, "minibatch": 8, "first_discriminator_steps": 1,
    "discriminator_steps": 1, "rounds": 2, "checkpoint_every": 2, "preview_every": 2}}
COUNT = 3333  # images: no whole number of blocks
PARTS = ["S/generate-1of3", "S/generate-2of3", "S/generate-3of3"]


class HereEngine(ProcessEngine):
    """The process engine, with this Python in place of every room's. victim: a stage that is killed, once."""

    victim = ""

    def _environment(self, image: Image, tell: Tell) -> Environment:
        module = "examples.fifth_gan.eigenimages" if isinstance(image, Foreign) else "sources.real"
        return Environment((sys.executable, "-m", module), {"PYTHONPATH": str(REPOSITORY)}, f"this Python, {module}")

    def start(self, job: Job) -> ProcessRunning:
        running = super().start(job)
        if job.stage.name == self.victim:
            self.victim = ""
            os.killpg(running._process.pid, signal.SIGKILL)
        return running


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(8):
        photograph(folder / f"{number}.png", 64, 96, seed=number)
    return folder


def plan(album: Path, source: dict[str, Any], shards: int) -> Plan:
    """The part of a study that makes images of one source."""
    asked = Study(Manifest.model_validate({
        "study": "sharded", "resolution": 32, "device": "cpu", "shards": shards,
        "dataset": {"kind": "photos", "archive": str(album)},
        "images": {"gan": 50, "train": 6, "validation": 2, "test": 2}, "sources": {"S": source}}))
    asked.images("S", count=COUNT)
    return Plan("sharded", asked.stages, {})


def run(wanted: Plan, store: Store, engine: Engine) -> KeyedPlan:
    known = runs.with_keys(wanted, store, lambda reference: reference, print)
    runs.run(known, store, engine, Console())
    return known


def beside(store: Store, keys: KeyedPlan) -> Store:
    """A store with all but the images of the source."""
    other = Store(store.root.with_name("other"))
    shutil.copytree(store.root, other.root, ignore=shutil.ignore_patterns(keys.keys["S/generate"]))
    return other


def written(store: Store, keys: KeyedPlan, name: str) -> int:
    return (store.folder(keys.keys[name]) / "stage.json").stat().st_mtime_ns


def test_a_killed_shard_is_made_again_alone(album: Path, tmp_path: Path) -> None:
    engine, store = HereEngine(tmp_path), Store(tmp_path / "store")
    once = run(plan(album, EIGENIMAGES, 1), store, engine)
    other, sharded = beside(store, once), plan(album, EIGENIMAGES, 3)
    engine.victim = PARTS[1]
    with pytest.raises(StageFailed, match=f"{PARTS[1]} failed; S/generate did not run"):
        run(sharded, other, engine)
    known = runs.with_keys(sharded, other, str, print)
    assert [stage.name for stage in runs.unfinished(known, other)] == [PARTS[1], "S/generate"]
    before = [written(other, known, name) for name in (PARTS[0], PARTS[2])]
    run(sharded, other, engine)
    assert [written(other, known, name) for name in (PARTS[0], PARTS[2])] == before
    whole, joined = (imagesets.read(str(one.folder(once.keys["S/generate"]))).index for one in (store, other))
    made_by, alone = joined.pop("made_by"), whole.pop("made_by")
    assert joined == whole and joined["count"] == COUNT
    assert made_by["image"] == "this Python, sources.real" and "join" in made_by["command"]
    assert [part["image"] for part in made_by["parts"]] == [alone["image"]] * 3
    assert [part["command"][part["command"].index("--first") + 1] for part in made_by["parts"]] == ["0", "1024", "2176"]


@pytest.mark.docker
def test_shards_of_a_gan_are_one_set_through_docker(album: Path, docker_engine: DockerEngine, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    once = run(plan(album, CRAMERGAN, 1), store, docker_engine)
    other = beside(store, once)
    sharded = run(plan(album, CRAMERGAN, 2), other, docker_engine)
    assert sharded.keys["S/generate"] == once.keys["S/generate"]
    whole, joined = (one.folder(once.keys["S/generate"]) for one in (store, other))
    assert (joined / "images.npy").read_bytes() == (whole / "images.npy").read_bytes()
    made_by = imagesets.read(str(joined)).index["made_by"]
    stages = ("S/generate", "S/generate-1of2", "S/generate-2of2")
    ran = [other.record(sharded.keys[name])["image_id"] for name in stages]
    assert [made_by["image"], *(part["image"] for part in made_by["parts"])] == ran
