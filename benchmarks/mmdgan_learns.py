"""Does MMDGAN learn? At the published widths, and at the demo's narrow ones with and without a gain.

python benchmarks/mmdgan_learns.py

Each trains at 32x32 on the demo's photographs. At the published widths it is 150 rounds with the published minibatch;
two steps of the critic in place of five, Adam as in the demo, and bfloat16 make minutes of them on a processor. Smaller
minibatches let it diverge: the published estimate of MMD^2 keeps sum |f|^2 / (N (N - 1)) of the dot product, which
pays a critic for large features, the more so the fewer images N there are.

`distance_to_real` is the Fréchet distance of generated to real pixels, projected on the 64 principal components of the
real ones, over their variance there: 1 for a source that paints the mean image alone, about 0 for real images. A dead
critic has the gradient penalty as its whole loss, which stays where it began, and the generator's loss is 0. Fails
unless the published widths and the narrow ones with the gain learn, and the narrow ones without do not: then the
gain is not needed.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from attribution.analysis import frechet  # noqa: E402
from orchestration import runs  # noqa: E402
from orchestration.engines import choice  # noqa: E402
from orchestration.manifest import Manifest  # noqa: E402
from orchestration.stage import Plan  # noqa: E402
from orchestration.store import Store  # noqa: E402
from orchestration.study import Study  # noqa: E402

ADAM = {"beta1": 0.0, "beta2": 0.99}
NARROW = {"generator_width": 8, "discriminator_width": 8, "learning_rate": 0.0007, **ADAM, "discriminator_steps": 3,
          "rounds": 400}
SETTINGS = {
    "published-widths": {"learning_rate": 0.0003, **ADAM, "discriminator_steps": 2, "first_discriminator_steps": 2,
                         "precision": "bfloat16", "rounds": 150},
    "narrow": NARROW,
    "narrow-with-gain": {**NARROW, "discriminator_gain": 2.83}}
LEARN = {"published-widths": True, "narrow": False, "narrow-with-gain": True}
LAST = 3  # rounds at the end, whose losses are told: their median
COMPONENTS = 64
NEAR = 0.8  # a distance below it is one that was learnt: every source begins at 0.9 or above
IMAGES = 1000
RESULTS = Path(__file__).parent / "results" / "mmdgan_learns.json"


def main() -> None:
    """Train, print, keep, judge."""
    study = Study(Manifest.model_validate({
        "study": "mmdgan-learns", "resolution": 32, "device": "cpu", "dataset": {"kind": "photos"},
        "quantize": "round", "images": {"gan": 4000, "train": IMAGES - 2, "validation": 1, "test": 1},
        "sources": {name: {"image": "mmdgan", "settings": settings} for name, settings in SETTINGS.items()}}))
    made = {name: (study.model(name), study.images(name)) for name in SETTINGS}
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder, "store"))
        engine = choice.choose(None, console.print)
        known = runs.with_keys(Plan("mmdgan-learns", study.stages, {}), store, engine.image_id, console.print)
        runs.run(known, store, engine, console)
        real = pixels(store.folder(known.keys["data"]) / "gan")
        results = {name: {"settings": SETTINGS[name],
                          **found(real, *(store.folder(known.keys[one.stage]) for one in both))}
                   for name, both in made.items()}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    if {name: one["learns"] for name, one in results.items()} != LEARN:
        sys.exit(f"expected of `learns`: {LEARN}")


def found(real: np.ndarray, model: Path, images: Path) -> dict[str, object]:
    """The losses of the first round and of the last ones; how the images differ from each other and from real ones."""
    curve = json.loads((model / "training.json").read_text())["curve"]
    told = {name: [point["losses"][name] for point in curve] for name in ("discriminator", "generator")}
    fakes = pixels(images)
    apart = distance(real, fakes)
    return {**{f"{name}_first": values[0] for name, values in told.items()},
            **{f"{name}_last": statistics.median(values[-LAST:]) for name, values in told.items()},
            "pixel_deviation": round(float(fakes.std(axis=0).mean()), 2), "distance_to_real": round(apart, 3),
            "learns": apart < NEAR}


def pixels(folder: Path) -> np.ndarray:
    """(IMAGES, values), the first of an image set."""
    return np.load(folder / "images.npy", mmap_mode="r")[:IMAGES].reshape(IMAGES, -1).astype(float)


def distance(real: np.ndarray, fakes: np.ndarray) -> float:
    """The Fréchet distance in the real images' principal components, over the variance of real images there."""
    mean = real.mean(axis=0)
    components = np.linalg.svd(real - mean, full_matrices=False)[2][:COMPONENTS].T
    one, other = (frechet.normal((images - mean) @ components) for images in (real, fakes))
    return frechet.distance(one, other) / float(np.trace(one.covariance))


if __name__ == "__main__":
    main()
