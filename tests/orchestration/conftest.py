"""A Docker Engine to test with, and jobs for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration import gpus
from orchestration.engines import Job
from orchestration.engines.docker_engine import DockerEngine
from orchestration.images import Foreign
from orchestration.stage import Resources, Stage
from tests.orchestration import tiny

MEGABYTE = 1 << 20


@pytest.fixture(scope="session")
def tiny_image(docker_engine: DockerEngine) -> str:
    return tiny.build(docker_engine.client)


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., Job]:
    """Makes a job that runs a shell script."""

    def make(image: str, script: str, **changes: Any) -> Job:
        out, config = tmp_path / "out", tmp_path / "config.json"
        out.mkdir(exist_ok=True)
        config.write_text("{}")
        wish = Resources(gpus=0, cores=1, memory=changes.pop("memory", 64 * MEGABYTE))
        stage = Stage("test/stage", image, "cpu", ("-c", script), wish)
        usual = {
            "study": "test",
            "key": "0" * 64,
            "log": tmp_path / "stage.log",
            "inputs": {},
            "gpus": (),
            "store": tmp_path,
            "image": Foreign(image, "cpu", image),
            "hold": lambda pid: None,
        }
        return Job(stage=stage, out=out, config=config, **(usual | changes))

    return make


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """No GPUs of this machine; called with a script, it puts that on the PATH as a pretended nvidia-smi."""
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "none")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "bin").mkdir()

    def pretend(script: str) -> None:
        program = tmp_path / "bin" / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return pretend
