"""A Docker Engine to run studies on, and two images for them: a shell, and the example of a fifth source."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.engines.docker_engine import DockerEngine
from tests.orchestration import tiny
from tests.study import examples
from tests.study.micro import MANIFEST, orchestrate


@pytest.fixture(scope="session")
def tiny_image(docker_engine: DockerEngine) -> str:
    return tiny.build(docker_engine.client)


@pytest.fixture(scope="session")
def eigenimages(docker_engine: DockerEngine) -> str:
    """The image of the example of a source, made as its page says."""
    return examples.image(docker_engine, "fifth_gan", "somebody/eigenimages:latest")


@pytest.fixture(scope="session")
def spectra(docker_engine: DockerEngine) -> str:
    """The image of the example of a method, made as its page says."""
    return examples.image(docker_engine, "own_method", "somebody/spectra:latest")


@pytest.fixture(scope="session")
def docker_store(docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of an undisturbed run of the micro study through Docker."""
    store = tmp_path_factory.mktemp("docker") / "store"
    told = orchestrate("run", MANIFEST, "--engine", "docker", "--store", store)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "existence: " in told.stdout and "report/index.html" in told.stdout
    return store
