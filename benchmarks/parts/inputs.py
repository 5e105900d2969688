"""What the works read: image sets of noise, and models of full size with random weights."""

import json
from pathlib import Path

import numpy as np

from benchmarks import import_full_size, import_progan
from benchmarks.parts import containers
from benchmarks.parts.works import LEARN
from sources.contract import imagesets

IMAGES = 400  # of a set


def images(folder: Path, resolution: int) -> None:
    """An image set."""
    random = np.random.default_rng(0)
    with imagesets.Writer(str(folder), IMAGES, resolution) as writer:
        writer.append(random.integers(0, 256, (IMAGES, resolution, resolution, 3), np.uint8))
        writer.finish("noise", {}, {})


def model(folder: Path, image: str, reference: str) -> None:
    """The model of `image` in folder/models: imported, or of the classifier after one step."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"images": 32}))
    if image == "attribution":
        words = tuple(f"/bench/models/{image}" if word == "/bench/out" else word for word in LEARN)
    else:
        words = ("import", "--checkpoint", f"/bench/{_checkpoint(folder, image)}", "--out", f"/bench/models/{image}")
    for _ in containers.events(reference, words, folder):
        pass


def _checkpoint(folder: Path, image: str) -> str:
    """Write a published checkpoint of full size; its name."""
    if image == "progan":
        import_progan.write(folder / "network.pkl")
        return "network.pkl"
    if image == "sngan":
        import_full_size.write_sngan(folder)
        return "checkpoint.npz"
    import_full_size.write_cramergan(folder)
    return "MMDGAN.model-1"
