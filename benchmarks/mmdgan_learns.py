"""Does MMDGAN's critic live? At the published widths, and at narrow ones with and without a gain.

python benchmarks/mmdgan_learns.py

Each trains at 32x32 on the demo's photographs; the gain is that of the discriminator's first weights. At the
published widths it is 6 rounds with minibatches of 8 (published: 150,001 with 32), which a processor does in minutes:
they show that the critic lives, not that the images come to look like something. A dead critic has the gradient
penalty as its whole loss, which stays where it began, and the generator's loss is 0. `learns` in the results says that
the generator's loss left 0, and no more. `pixel_deviation` is of images stretched one by one to 0..255, as published:
it is 26 where nothing was learnt, and only what is far above says anything. Fails unless the first and the last
critic live, and that of the narrow one without a gain does not: then the setting is not needed.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestration import runs  # noqa: E402
from orchestration.engines import choice  # noqa: E402
from orchestration.manifest import Manifest  # noqa: E402
from orchestration.stage import Plan  # noqa: E402
from orchestration.store import Store  # noqa: E402
from orchestration.study import Study  # noqa: E402

NARROW = {"generator_width": 8, "discriminator_width": 8, "learning_rate": 0.0005, "discriminator_steps": 2,
          "rounds": 400}
SETTINGS = {
    "published, batches of 8": {"rounds": 6, "minibatch": 8}, "narrow": NARROW,
    "narrow with gain": {**NARROW, "discriminator_gain": 2.83}}
LAST = 3  # rounds at the end, whose losses are told: their median
IMAGES = 256
RESULTS = Path(__file__).parent / "results" / "mmdgan_learns.json"


def main() -> None:
    """Train, print, keep, judge."""
    study = Study(Manifest.model_validate({
        "study": "mmdgan-learns", "resolution": 32, "device": "cpu", "dataset": {"kind": "photos"},
        "images": {"gan": 4000, "train": IMAGES - 2, "validation": 1, "test": 1},
        "sources": {name.replace(", ", "-").replace(" ", "-"): {"image": "mmdgan", "settings": settings}
                    for name, settings in SETTINGS.items()}}))
    made = {name: (study.model(name), study.images(name)) for name in study.sources}
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder, "store"))
        engine = choice.choose(None, console.print)
        known = runs.with_keys(Plan("mmdgan-learns", study.stages, {}), store, engine.image_id, console.print)
        runs.run(known, store, engine, console)
        results = {name: {"settings": settings, **found(*(store.folder(known.keys[one.stage]) for one in handles))}
                   for (name, settings), handles in zip(SETTINGS.items(), made.values(), strict=True)}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))
    if [one["learns"] for one in results.values()] != [True, False, True]:
        sys.exit("expected a live critic at the published widths, a dead narrow one, and a live one with the gain")


def found(model: Path, images: Path) -> dict[str, object]:
    """The losses of the first rounds and of the last ones, and how much the images differ from each other."""
    curve = json.loads((model / "training.json").read_text())["curve"]
    losses = {name: [point["losses"][name] for point in curve] for name in ("discriminator", "generator")}
    ends = {f"{name}_last": statistics.median(values[-LAST:]) for name, values in losses.items()}
    pixels = np.load(images / "images.npy", mmap_mode="r").std(axis=0, dtype=np.float32)
    return {"discriminator_first": losses["discriminator"][0], "generator_first": losses["generator"][0], **ends,
            "pixel_deviation": round(float(pixels.mean()), 2), "learns": abs(ends["generator_last"]) > 0.01}


if __name__ == "__main__":
    main()
