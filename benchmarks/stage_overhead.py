"""What a study adds to a container: a stage that does nothing, against the bare `docker run` of it.

python benchmarks/stage_overhead.py

Both in turn, ROUNDS times. Fails if the median stage takes more than LIMIT_SECONDS longer.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestration import runs  # noqa: E402
from orchestration.engines.docker_engine import DockerEngine, connect  # noqa: E402
from orchestration.stage import Plan, Resources, Stage  # noqa: E402
from orchestration.store import Store  # noqa: E402
from tests.orchestration import tiny  # noqa: E402

ROUNDS = 15
LIMIT_SECONDS = 1.0
RESULTS = Path(__file__).parent / "results" / "stage_overhead.json"


def main() -> None:
    """Measure, print, keep, judge."""
    engine = connect()
    image = tiny.build(engine.client)
    run_bare(image), run_stage(engine, image, 0)  # the first of each warms caches
    bare, stage = [], []
    for number in range(1, ROUNDS + 1):
        bare.append(seconds(lambda: run_bare(image)))
        stage.append(seconds(lambda number=number: run_stage(engine, image, number)))
    added = statistics.median(stage) - statistics.median(bare)
    result = {
        "engine": engine.info["ServerVersion"],
        "cores": engine.info["NCPU"],
        "rounds": ROUNDS,
        "docker_run_seconds": summary(bare),
        "stage_seconds": summary(stage),
        "added_seconds": round(added, 3),
        "limit_seconds": LIMIT_SECONDS,
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    if added > LIMIT_SECONDS:
        sys.exit(f"a stage takes {added:.2f} s more than docker run; {LIMIT_SECONDS} s are allowed")


def run_bare(image: str) -> None:
    """The container alone."""
    subprocess.run(["docker", "run", "--rm", image, "-c", "exit 0"], check=True)


def run_stage(engine: DockerEngine, image: str, number: int) -> None:
    """The same as a study of one stage: key, lock, container, log, record, rename. number: makes it a new one."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage("nothing", image, "cpu", ("-c", "exit 0"), Resources(0, 1, 64 << 20), {"number": number})
        store = Store(Path(folder))
        known = runs.with_keys(Plan("overhead", (stage,), {}), store, engine.image_id, print)
        runs.run(known, store, engine, Console(quiet=True))


def seconds(work: Callable[[], None]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def summary(times: list[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": round(statistics.median(times), 3), "least": round(min(times), 3), "most": round(max(times), 3)}


if __name__ == "__main__":
    main()
