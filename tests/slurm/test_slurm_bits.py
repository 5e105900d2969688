"""The same bits by jobs of Slurm and by Docker: of a stopped training, of shards, of a whole study."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestration.engines import slurm_queue
from orchestration.engines.docker_engine import DockerEngine
from orchestration.store import Store
from tests.slurm import same, slurm_study
from tests.slurm.cluster import Cluster
from tests.sources.real.real_archives import photograph
from tests.study import examples, shell_study, test_sharded_study
from tests.study.eigenimages_study import IMAGE, plan, write_images
from tests.study.micro import MANIFEST, STAGES, finished, orchestrate

pytestmark = [pytest.mark.docker, pytest.mark.campaign]  # which exports images of gigabytes
MADE = {"train": ("weights.npz", "model.json"), "generate": ("images.npy", "imageset.json")}


def made(store: Store, keys: dict[str, str]) -> dict[str, bytes]:
    """What is to be the same, by its name."""
    files = [(stage, name) for stage, names in MADE.items() for name in names]
    return {f"{stage}/{name}": (store.folder(keys[stage]) / name).read_bytes() for stage, name in files}


def test_the_bits_are_those_of_docker(cluster: Cluster, docker_engine: DockerEngine, folder: Path) -> None:
    examples.image(docker_engine, "fifth_gan", IMAGE)
    wanted, stores = plan(write_images(folder / "images")), [Store(folder / name) for name in ("docker", "slurm")]
    keys = dict(shell_study.run(wanted, stores[0]).keys)
    slurm_study.run(wanted, stores[1], "detach")
    cluster.wait(lambda: list(stores[1].root.glob(".run/*.job/out-*/checkpoints/0*")))
    name = slurm_queue.name_of(stores[1].root, keys["train"])
    (job,) = [entry.job for entry in slurm_queue.asked().values() if entry.name == name]
    subprocess.run(["scancel", "--batch", "--signal=USR1", str(job)], check=True)  # as if its time were up
    slurm_study.run(wanted, stores[1])
    assert made(stores[0], keys) == made(stores[1], keys)
    assert stores[1].record(keys["train"])["job"].startswith(f"{job}.1.")


def test_a_study_finds_what_it_finds_by_docker(cluster: Cluster, docker_engine: DockerEngine, folder: Path) -> None:
    stores = {engine: folder / engine / "store" for engine in ("docker", "slurm")}
    for engine, store in stores.items():
        told = orchestrate("run", MANIFEST, "--engine", engine, "--store", store)
        assert told.returncode == 0, told.stdout + told.stderr
    assert set(finished(stores["slurm"])) == set(STAGES) and same.differences(stores["slurm"], stores["docker"]) == []
    found, known = (same.results(stores[engine].parent / "runs/micro/report") for engine in ("slurm", "docker"))
    assert found == known


def test_shards_by_jobs_are_one_set(cluster: Cluster, docker_engine: DockerEngine, folder: Path) -> None:
    examples.image(docker_engine, "fifth_gan", IMAGE)
    (album := folder / "album").mkdir()
    for number in range(8):
        photograph(album / f"{number}.png", 64, 96, seed=number)
    whole, parts = (test_sharded_study.plan(album, test_sharded_study.EIGENIMAGES, shards) for shards in (1, 3))
    once, again = Store(folder / "docker"), Store(folder / "slurm")
    keys = shell_study.run(whole, once).keys
    slurm_study.run(parts, again)
    one, joined = (store.folder(keys["S/generate"]) / "images.npy" for store in (once, again))
    assert joined.read_bytes() == one.read_bytes()
