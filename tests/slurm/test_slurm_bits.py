"""A training and the images of its model: the same bits by jobs of Slurm, with a stop on the way, and by Docker."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestration.engines import slurm_queue
from orchestration.engines.docker_engine import DockerEngine
from orchestration.store import Store
from tests.slurm import slurm_study
from tests.slurm.cluster import Cluster
from tests.study import examples, shell_study
from tests.study.eigenimages_study import IMAGE, plan, write_images

pytestmark = [pytest.mark.docker, pytest.mark.campaign]  # which exports an image of half a gigabyte
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
