"""The micro study: a whole one, as small as it gets."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from orchestration.repository import REPOSITORY
from sources.contract import imagesets

MANIFEST = REPOSITORY / "tests/study/micro.yaml"
SOURCES = ("ProGAN", "SNGAN", "CramerGAN", "MMDGAN")
STAGES = (
    "data",
    *(f"{source}/{verb}" for source in SOURCES for verb in ("train", "generate")),
    "classifier/train",
    "classifier/attribute",
    "existence/measure",
    "intervals/measure",
    "report",
)


def orchestrate(*words: object, repository: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run a verb of orchestrate.py."""
    command = [sys.executable, "orchestrate.py", *(str(word) for word in words)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=1800)


def finished(store: Path) -> dict[str, Path]:
    """The finished stages of a store, by name."""
    records = [path for path in store.glob("*/stage.json") if path.parent.suffix != ".partial"]
    return {json.loads(path.read_text())["name"]: path.parent for path in records}


def image_hashes(store: Path) -> dict[str, str]:
    """The sha256 of every source's images; read checks that it is that of the file."""
    folders = finished(store)
    return {name: imagesets.read(str(folders[f"{name}/generate"])).index["sha256"] for name in SOURCES}
