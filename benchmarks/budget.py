"""What each experiment of a finished study took: minutes of all cores, which is what a budget is made of.

python benchmarks/budget.py [MANIFEST]        (default: manifests/study-demo.yaml)

A stage counts for the first experiment of the manifest that needs it: the seconds of all cores together that it says
it took, or those on the clock times its cores where it does not, over the cores of this machine. "run" is the clock's
time from the first start to the last end. Fails if the manifest's budget of an experiment, or 30 minutes for all, is
not kept.
"""

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from orchestration import manifest, plan, runs  # noqa: E402
from orchestration.store import Store  # noqa: E402

LIMIT_MINUTES = 30
RESULTS = Path(__file__).parent / "results" / "budget.json"


def main() -> None:
    """Add up, print, keep, judge."""
    path = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "manifests/study-demo.yaml"
    stated, store = manifest.read(path), Store(ROOT / "store")
    known = runs.with_keys(plan.expand(stated), store, lambda image: image, print)
    left = {stage.name: stage for stage in known.plan.stages}
    if runs.unfinished(known, store):
        print(f"{path}: not finished; run it first")
        return
    minutes, names, cores = {}, list(stated.experiments), len(os.sched_getaffinity(0))
    records = {stage.name: store.record(known.keys[stage.name]) for stage in known.plan.stages}
    for count in range(1, len(names) + 1):
        mine = [left.pop(stage.name) for stage in plan.expand(stated, names[:count]).stages
                if stage.name in left and stage.name != "report"]
        seconds = sum(_seconds(records[stage.name], cores) for stage in mine)
        minutes[names[count - 1]] = round(seconds / cores / 60, 1)
    result = {"manifest": path.name, "cores": cores, "minutes": minutes, "all": round(sum(minutes.values()), 1),
              "run": round(_clock(list(records.values())) / 60, 1)}
    print(json.dumps(result, indent=1))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    over = [name for name, spent in minutes.items() if spent > stated.budget.get(name, LIMIT_MINUTES)]
    if over or result["all"] > LIMIT_MINUTES:
        sys.exit(f"over their budget: {', '.join(over) or 'all together'}")


def _seconds(record: dict[str, Any], cores: int) -> float:
    """Of all cores together."""
    said = record.get("cpu_seconds")
    return float(record["seconds"] * min(record["resources"]["cores"], cores) if said is None else said)


def _clock(records: list[dict[str, Any]]) -> float:
    """Seconds from the first start to the last end."""
    starts = [datetime.fromisoformat(record["started"]).timestamp() for record in records]
    return max(start + record["seconds"] for start, record in zip(starts, records, strict=True)) - min(starts)


if __name__ == "__main__":
    main()
