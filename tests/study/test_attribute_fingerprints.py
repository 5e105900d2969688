"""orchestrate.py attribute --fingerprints with the published visualisation network of the fixtures."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestration import images
from orchestration.engines.docker_engine import DockerEngine
from orchestration.images import build
from orchestration.repository import REPOSITORY
from tests.study.micro import orchestrate

CHECKPOINT = REPOSITORY / "tests/fixtures/parity/visnet-32"

pytestmark = pytest.mark.docker


@pytest.fixture
def model(docker_engine: DockerEngine, tmp_path: Path) -> Path:
    recipe = images.recipe("attribution", "cpu")
    build.build(docker_engine.client, [recipe], lambda event: None)
    subprocess.run(["docker", "run", "--rm", "-v", f"{CHECKPOINT}:/in:ro", "-v", f"{tmp_path}:/out", recipe.reference,
                    "import", "--checkpoint", "/in/network.pkl", "--out", "/out/model"], check=True)
    return tmp_path / "model"


def test_what_a_visualisation_network_sees_is_drawn(model: Path, tmp_path: Path) -> None:
    pictures, drawn = tmp_path / "pictures", tmp_path / "drawn"
    pictures.mkdir()
    for number in range(3):
        values = np.random.RandomState(number).randint(0, 256, (32, 32, 3)).astype(np.uint8)
        Image.fromarray(values).save(pictures / f"{number}.png")
    words = ("attribute", pictures, "--model", model, "--fingerprints", drawn)
    told = orchestrate(*words)
    assert told.returncode == 0, told.stderr
    assert told.stdout.count(".png: ") == 3 and f"fingerprints and responses: {drawn}/overview.png" in told.stdout
    assert {path.name for path in drawn.iterdir()} == {
        "overview.png", "overview.gif", "responses.csv", "responses.json"}
    said = json.loads((drawn / "responses.json").read_text())
    assert [row["file"] for row in said] == ["0.png", "1.png", "2.png"] and len(said[0]["responses"]) == 5
    again = orchestrate(*words)
    assert again.returncode == 2 and "exists already; choose another folder" in again.stderr
