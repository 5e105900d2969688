"""How long each stage of the demo takes to its first step: container, framework, reading, tracing, compiling.

python benchmarks/startup.py        (after `make reproduce-demo`)

Every stage of the finished demo that tells its progress is started once more, into a folder of its own, and stopped
when it tells of its first step or block. The goal is told and fails nothing: 4 s.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from orchestration import manifest, plan, runs  # noqa: E402
from orchestration.engines import Engine, Job, choice  # noqa: E402
from orchestration.keys import KeyedPlan  # noqa: E402
from orchestration.stage import Stage  # noqa: E402
from orchestration.store import Store  # noqa: E402

GOAL_SECONDS = 4.0
RESULTS = Path(__file__).parent / "results" / "startup.json"


def main() -> None:
    """Measure, print, keep."""
    engine, store = choice.choose(None, print), Store(ROOT / "store")
    study = plan.expand(manifest.read(ROOT / "manifests/demo.yaml"))
    wanted = runs.with_keys(study, store, engine.image_id, print)
    if left := [stage.name for stage in runs.unfinished(wanted, store)]:
        sys.exit(f"the demo is not finished ({', '.join(left)}); make reproduce-demo first")
    results = {}
    for stage in study.stages:
        took = first_step(engine, wanted, store, stage)
        if took is not None:
            results[stage.name] = round(took, 2)
            missed = f" (the goal: {GOAL_SECONDS:g} s)" * (took > GOAL_SECONDS)
            print(f"{stage.name}: {took:.2f} s{missed}", flush=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def first_step(engine: Engine, wanted: KeyedPlan, store: Store, stage: Stage) -> float | None:
    """Seconds from its start to its first progress; None if it ends without."""
    with tempfile.TemporaryDirectory() as folder:
        began, took = time.perf_counter(), None
        running = engine.start(job(wanted, store, stage, Path(folder)))
        for event in running.events():
            if event["event"] == "progress" and took is None:
                took = time.perf_counter() - began
                running.cancel()
        running.result()
    return took


def job(wanted: KeyedPlan, store: Store, stage: Stage, folder: Path) -> Job:
    """The stage, made ready to run below `folder`."""
    (folder / "out").mkdir()
    (folder / "config.json").write_text(json.dumps(dict(stage.config)))
    inputs = {mount: store.folder(wanted.keys[name]) for mount, name in stage.inputs.items()}
    return Job(stage=stage, study="startup", key=wanted.keys[stage.name], image=wanted.image(stage), out=folder / "out",
               log=folder / "stage.log", inputs=inputs | wanted.given(stage), config=folder / "config.json", gpus=(),
               store=folder, hold=lambda pid: None)


if __name__ == "__main__":
    main()
