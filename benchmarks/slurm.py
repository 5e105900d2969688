"""What the engine for Slurm takes beside the stages, on the tests' cluster of three nodes.

python benchmarks/slurm.py

500 stages that wait for one are submitted, and found again: how long both take, and how often the queue is asked.
Then a stage that does nothing is run, and its command given to sbatch, in turn, TIMES times: the median of each.
Fails if one of LIMITS is not kept, which they are not on a machine with more to do: see busy_processes.
"""

import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import docker
from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from orchestration import runs  # noqa: E402
from orchestration.engines import slurm_engine, slurm_queue, slurm_runtime  # noqa: E402
from orchestration.images import exported  # noqa: E402
from orchestration.stage import Plan  # noqa: E402
from orchestration.store import Store  # noqa: E402
from tests.orchestration import tiny  # noqa: E402
from tests.slurm import cluster  # noqa: E402
from tests.study.shell_study import stage  # noqa: E402

STAGES, TIMES = 500, 9
LIMITS = {"plan_seconds": 30.0, "stage_overhead_seconds": 1.0}
RESULTS = Path(__file__).parent / "results" / "slurm.json"


def main() -> None:
    """Measure, print, keep, judge."""
    if reason := cluster.reason_against():
        print(reason)
        return
    image = tiny.build(docker.from_env())
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("cluster").mkdir()
        with cluster.Cluster(Path(folder, "cluster")):
            result = {**_many(image, Store(Path(folder, "many"))), **_one(image, Path(folder)),
                      "cores": os.cpu_count(), "busy_processes": round(os.getloadavg()[0], 1)}
    print(json.dumps(result, indent=1))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    if over := [name for name, limit in LIMITS.items() if result[name] > limit]:
        sys.exit(f"over the limit: {', '.join(over)}")


def _many(image: str, store: Store) -> dict[str, float]:
    """A plan that is submitted, and found again by another run."""
    first = stage(image, "first", "sleep 600")
    others = (replace(stage(image, f"{number}", "exit 0", "first"), config={"number": number})
              for number in range(1, STAGES))
    wanted = Plan("many", (first, *others), {})
    engine = slurm_engine.connect()
    known = runs.with_keys(wanted, store, engine.image_id, print)
    with patch.object(slurm_queue, "asked", wraps=slurm_queue.asked) as asked:
        submitted, found = [_seconds(lambda: runs.detach(known, store, slurm_engine.connect(), lambda line: None))
                            for _ in range(2)]
    engine.cancel(store.root, known.keys.values())
    return {"stages": STAGES, "submitted_seconds": submitted, "found_again_seconds": found,
            "plan_seconds": round(submitted + found, 2), "squeue_times": asked.call_count}


def _one(image: str, folder: Path) -> dict[str, float]:
    """A stage, from the command to its place in the store; and its command from sbatch to its output."""
    ours, bare = [], []
    for number in range(TIMES):
        ours.append(_seconds(partial(_run, image, number, Store(folder / "one"))))
        bare.append(_seconds(partial(_submit, image, folder / f"bare-{number}")))
    return {"times": TIMES, "stage_seconds": statistics.median(ours), "sbatch_seconds": statistics.median(bare),
            "stage_overhead_seconds": round(statistics.median(ours) - statistics.median(bare), 2)}


def _run(image: str, number: int, store: Store) -> None:
    nothing = replace(stage(image, "nothing", "exit 0"), config={"number": number})
    engine = slurm_engine.connect()
    known = runs.with_keys(Plan("one", (nothing,), {}), store, engine.image_id, print)
    runs.run(known, store, engine, Console(quiet=True))


def _submit(image: str, out: Path) -> None:
    found = exported.find(str(docker.from_env().images.get(image).id))
    assert found is not None
    out.mkdir()
    command = ["ch-run", "--no-passwd", f"--bind={out}:/out", str(found.root), "--", *found.command, "-c",
               "touch /out/made"]
    own = slurm_runtime.environment("charliecloud", "ch-run", {})
    variables = {name: os.environ[name] for name in ("PATH", "HOME", "SLURM_CONF")}
    subprocess.run(["sbatch", "--export=ALL", "--mem=64M", "--output=/dev/null", f"--wrap={shlex.join(command)}"],
                   check=True, stdout=subprocess.DEVNULL, env={**variables, **own})
    while not (out / "made").exists():
        time.sleep(0.05)


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return round(time.monotonic() - began, 2)


if __name__ == "__main__":
    main()
