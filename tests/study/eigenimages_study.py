"""A study of one source, the example of a fifth one: it learns noise and makes 800 images.

As a program (eigenimages_study.py STORE IMAGES) it can be killed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from commands.interruption import interruptible
from orchestration.errors import OrchestrationError
from orchestration.stage import Plan, Resources, Stage
from orchestration.store import Store
from sources.contract import imagesets
from tests.study.shell_study import run

IMAGE = "somebody/eigenimages:latest"
STEPS = 1500
_WISH = Resources(gpus=0, cores=1, memory=1 << 30)


def plan(images: Path, seed: int = 0) -> Plan:
    """train -> generate"""
    train = Stage(
        name="train",
        image=IMAGE,
        flavour="cpu",
        command=("train", "--images", "{in}/images", "--config", "{config}", "--seed", str(seed), "--out", "{out}"),
        config={"steps": STEPS, "checkpoint_every": 100, "preview_every": 1000, "components": 16},
        resources=_WISH,
        files={"images": str(images)},
    )
    generate = Stage(
        name="generate",
        image=IMAGE,
        flavour="cpu",
        command=("generate", "--model", "{in}/train", "--count", "800", "--seed", "1", "--out", "{out}"),
        resources=_WISH,
        inputs={"train": "train"},
    )
    return Plan("eigenimages", (train, generate), {})


def write_images(folder: Path) -> Path:
    """An image set to learn from."""
    pixels = np.random.RandomState(0).randint(0, 256, (500, 16, 16, 3)).astype(np.uint8)
    with imagesets.Writer(str(folder), len(pixels), 16) as writer:
        writer.append(pixels)
        writer.finish("0 to 255", {"architecture": "noise"}, {})
    return folder


if __name__ == "__main__":
    try:
        with interruptible("this command"):
            run(plan(Path(sys.argv[2])), Store(Path(sys.argv[1])))
    except OrchestrationError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
