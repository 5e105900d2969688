"""Every experiment at once, killed ten times on its way: the same results as if nothing had happened."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from docker.errors import APIError

import experiments
from orchestration.engines.docker_engine import DockerEngine
from orchestration.repository import REPOSITORY
from tests.study.micro import orchestrate

MANIFEST = REPOSITORY / "tests/study/whole.yaml"
KILLS, SECONDS = 10, (2.0, 15.0)  # between two of them

pytestmark = [pytest.mark.docker, pytest.mark.campaign]


def results(store: Path) -> Any:
    """What a finished run found: results.json without its times."""
    found = json.loads((store.parent / "runs/whole/report/results.json").read_text())
    found["stages"] = sorted(stage["name"] for stage in found["stages"])
    return found


def killed(store: Path, engine: DockerEngine, chance: random.Random) -> None:
    """Begin the study, and after a while kill it, or its containers and nothing else."""
    command = [sys.executable, "orchestrate.py", "run", str(MANIFEST), "--store", str(store)]
    program = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        program.wait(chance.uniform(*SECONDS))
    except subprocess.TimeoutExpired:
        if chance.random() < 0.5:
            program.send_signal(signal.SIGKILL)
        else:
            mine = {"label": f"ganfp.store={store}"}
            for container in engine.client.containers.list(filters=mine, ignore_removed=True):
                with contextlib.suppress(APIError):  # it has just ended
                    container.kill()
        program.wait(600)


def test_a_study_killed_ten_times_has_the_same_results(docker_engine: DockerEngine, tmp_path: Path) -> None:
    assert set(yaml.safe_load(MANIFEST.read_text())["experiments"]) == set(experiments.names())
    undisturbed, disturbed = tmp_path / "undisturbed/store", tmp_path / "disturbed/store"
    chance = random.Random(0)
    for _ in range(KILLS):
        killed(disturbed, docker_engine, chance)
    for store in (disturbed, undisturbed):
        told = orchestrate("run", MANIFEST, "--store", store)
        assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-3000:]
    assert results(disturbed) == results(undisturbed)
