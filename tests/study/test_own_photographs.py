"""A study of one's own photographs, from their folder to the report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestration.repository import REPOSITORY
from tests.study.micro import finished

MANIFEST = """
study: mine
resolution: 32
device: cpu
dataset: {kind: photos, archive: Meine Fötos}
images: {gan: 60, train: 20, validation: 5, test: 10}
sources:
  Eigenimages: {image: somebody/eigenimages, settings: {steps: 200, components: 8}}
methods: {knn: {image: knn}}
"""


@pytest.mark.docker
def test_a_folder_of_photographs_comes_to_a_report(eigenimages: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MANIFEST)
    (tmp_path / "Meine Fötos").mkdir()
    for number in range(12):
        pixels = np.random.RandomState(number).randint(0, 256, (90, 120, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"Meine Fötos/IMG {number}.JPG")
    told = subprocess.run(
        [sys.executable, REPOSITORY / "orchestrate.py", "run", "m.yaml", "--engine", "docker", "--store", "a store"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=600)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "data: 12 photographs for 95 images: each gives several crops" in told.stdout
    assert "report: runs/mine/report/index.html" in told.stdout
    page = (tmp_path / "runs/mine/report/index.html").read_text()
    assert "12 own photographs, each in one split alone" in page and "Meine Fötos" in page
    index = json.loads((finished(tmp_path / "a store")["data"] / "attribution/imageset.json").read_text())
    assert index["source"]["dataset"] == "own photographs" and index["count"] == 35
