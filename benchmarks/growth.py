"""How time and memory grow with the number of images: every stage that reads or writes test images.

python benchmarks/growth.py [COUNT ...]        (default: 1000 10000 100000)

The study of growth.yaml, once for each number of test images, in a store of its own. Time is that of all cores
together, so that stages may run beside each other; memory is the most that a process held, mapped images included.
Fails if anything is worse than linear: if images that are added cost more than SLACK times what those before did.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestration import manifest, plan, runs  # noqa: E402
from orchestration.engines import choice  # noqa: E402
from orchestration.store import Store  # noqa: E402
from sources.contract import imagesets  # noqa: E402

COUNTS = [1000, 10_000, 100_000]
SLACK = 1.5
SPARE_SECONDS, SPARE_BYTES = 2.0, 64 << 20  # what a measurement of the same thing differs by
RESULTS = Path(__file__).parent / "results" / "growth.json"
_SOURCES = ("ProGAN", "SNGAN", "CramerGAN")
_STAGES = {"preparation": "data", **{f"generation, {name}": f"{name}/generate" for name in _SOURCES},
           "attribution": "classifier/attribute", "measures": "existence/measure", "report": "report"}


class Cost(NamedTuple):
    """seconds: of all cores. memory: bytes; 0 where it was not looked at."""

    seconds: float
    memory: int


def main() -> None:
    """Measure, print, keep, judge."""
    counts = [int(word) for word in sys.argv[1:]] or COUNTS
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        costs = {count: measured(Store(Path(folder)), count) for count in counts}
    rows = {name: {count: costs[count][name] for count in counts} for name in costs[counts[0]]}
    print("\n".join(table(rows, counts)))
    RESULTS.write_text(json.dumps({name: {count: cost._asdict() for count, cost in row.items()}
                                   for name, row in rows.items()}, indent=1) + "\n")
    if worse := [name for name, row in rows.items() if not is_linear(row)]:
        sys.exit(f"worse than linear: {', '.join(worse)}")


def measured(store: Store, count: int) -> dict[str, Cost]:
    """What every stage takes with so many test images."""
    stated = manifest.read(Path(__file__).with_suffix(".yaml"))
    study = plan.expand(stated.model_copy(update={"images": stated.images.model_copy(update={"test": count})}))
    engine = choice.choose(None, print)
    wanted = runs.with_keys(study, store, engine.image_id, print)
    runs.run(wanted, store, engine, Console(quiet=True))
    records = {name: store.record(wanted.keys[stage]) for name, stage in _STAGES.items()}
    costs = {name: Cost(record["cpu_seconds"], record["peak_memory"]) for name, record in records.items()}
    return costs | {"hashing": hashing(store.folder(wanted.keys["data"]) / "attribution/images.npy")}


def hashing(path: Path) -> Cost:
    """What the sha256 of an image set takes, which whoever reads it computes."""
    began = time.process_time()
    imagesets.hash_file(path)
    return Cost(round(time.process_time() - began, 3), 0)


def is_linear(row: dict[int, Cost]) -> bool:
    """Whether the images that the last step adds cost each what those of the step before did, with SLACK."""
    for first, second, third in zip(row, [*row][1:], [*row][2:], strict=False):
        times = (third - second) / (second - first) * SLACK
        for what, spare in (("seconds", SPARE_SECONDS), ("memory", SPARE_BYTES)):
            one, two, three = (getattr(row[count], what) for count in (first, second, third))
            if three - two > max(two - one, 0) * times + spare:
                return False
    return True


def table(rows: dict[str, dict[int, Cost]], counts: list[int]) -> list[str]:
    """The rows of a table for people."""
    heads = ["", *(f"{count:,}" for count in counts)]
    lines = ["| " + " | ".join(heads) + " |", "| --- |" + " --- |" * len(counts)]
    return lines + [f"| {name} | " + " | ".join(said(row[count]) for count in counts) + " |"
                    for name, row in rows.items()]


def said(cost: Cost) -> str:
    """Seconds, and MiB where there are some."""
    return f"{cost.seconds:.1f} s" + f", {cost.memory >> 20} MiB" * bool(cost.memory)


if __name__ == "__main__":
    main()
