"""A cluster of this machine, for all tests here; they are skipped, with the reason, where there can be none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.engines.docker_engine import DockerEngine
from tests.orchestration import tiny
from tests.slurm import cluster as clusters
from tests.slurm.cluster import Cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if reason := clusters.reason_against():
        pytest.skip(reason)
    if shutil.which("ch-run") is None:
        pytest.skip("no charliecloud here, which the tests' jobs run in; install charliecloud-runtime")
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def tiny_image(docker_engine: DockerEngine) -> str:
    return tiny.build(docker_engine.client)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where orchestrate.py is started, and site.yaml is looked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("orchestration.engines.slurm_queue.ASK_SECONDS", 1.0)
    return tmp_path
