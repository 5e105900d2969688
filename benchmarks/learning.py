"""What the demo's classifier tells after other trainings: at the published rate, faster, averaged, in bfloat16.

python benchmarks/learning.py        (after `make reproduce-demo`, whose images it takes from the store)

Each training with three seeds; the share of test images whose source it tells.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from orchestration import manifest, plan, runs  # noqa: E402
from orchestration.engines import choice  # noqa: E402
from orchestration.store import Store  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "learning.json"
TRAININGS = 3
LAST = {"moving_average": 0.0}
VARIANTS: dict[str, dict[str, Any]] = {
    "60,000 images at 0.001, last step": {"images": 60_000, "learning_rate": 0.001, **LAST},
    "60,000 images at 0.001, average": {"images": 60_000, "learning_rate": 0.001},
    "the demo's, last step": LAST,
    "the demo's": {},
    "the demo's, in bfloat16": {"precision": "bfloat16"}}


def main() -> None:
    """Train, test, print, keep."""
    results = {}
    for name, different in VARIANTS.items():
        results[name] = accuracies(different)
        print(f"{name}: " + ", ".join(f"{100 * accuracy:.1f} %" for accuracy in results[name]), flush=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def accuracies(different: dict[str, Any]) -> list[float]:
    """Of each training of the demo's classifier with these settings in place of its own."""
    demo = manifest.read(ROOT / "manifests/demo.yaml")
    (name, method), = demo.methods.items()
    changed = method.model_copy(update={"settings": method.settings | different})
    study = plan.expand(demo.model_copy(update={
        "methods": {name: changed}, "experiments": {"intervals": {"trainings": TRAININGS}}}))
    engine, store = choice.choose(None, print), Store(ROOT / "store")
    wanted = runs.with_keys(study, store, engine.image_id, print)
    runs.run(wanted, store, engine, Console(quiet=True))
    measured = store.folder(wanted.keys["intervals/measure"]) / "result.json"
    return list(json.loads(measured.read_text())["trainings"])


if __name__ == "__main__":
    main()
