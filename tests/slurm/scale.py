"""How long the engine takes, beside the stages:  python -m tests.slurm.scale

Five hundred stages that wait for one are submitted, and found again. Then a stage that does nothing is run, and the
same command is given to sbatch.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import docker
from rich.console import Console

from orchestration import runs
from orchestration.engines import slurm_engine
from orchestration.stage import Plan
from orchestration.store import Store
from tests.orchestration import tiny
from tests.slurm.cluster import Cluster
from tests.study.shell_study import stage

_STAGES, _TIMES = 500, 5


def main() -> None:
    """Measure, and tell."""
    image = tiny.build(docker.from_env())
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("cluster").mkdir()
        with Cluster(Path(folder, "cluster")):
            _tell_of_many(image, Store(Path(folder, "many")))
            _tell_of_one(image, Path(folder))


def _tell_of_many(image: str, store: Store) -> None:
    first = stage(image, "first", "sleep 600")
    plan = Plan("many", (first, *(stage(image, f"{number}", "exit 0", "first") for number in range(_STAGES))), {})
    engine = slurm_engine.connect()
    known = runs.with_keys(plan, store, engine.image_id, print)
    for what in ("submitted", "found again"):
        took = _seconds(lambda: runs.detach(known, store, slurm_engine.connect(), lambda line: None))
        print(f"{_STAGES} stages {what} in {took:.1f} s")
    engine.cancel(store.root, known.keys.values())


def _tell_of_one(image: str, folder: Path) -> None:
    ours = [_seconds(partial(_run, image, str(number), Store(folder / "one"))) for number in range(_TIMES)]
    bare = [_seconds(partial(_submit, folder / f"bare-{number}")) for number in range(_TIMES)]
    print(f"a stage that does nothing: {sorted(ours)[_TIMES // 2]:.1f} s, by sbatch {sorted(bare)[_TIMES // 2]:.1f} s")


def _run(image: str, name: str, store: Store) -> None:
    engine = slurm_engine.connect()
    known = runs.with_keys(Plan("one", (stage(image, name, "exit 0"),), {}), store, engine.image_id, print)
    runs.run(known, store, engine, Console(quiet=True))


def _submit(made: Path) -> None:
    words = ["sbatch", "--export=ALL", "--mem=64M", "--output=/dev/null", "--wrap", f"touch {made}"]
    variables = {name: os.environ[name] for name in ("PATH", "HOME", "SLURM_CONF")}
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=variables)
    while not made.exists():
        time.sleep(0.05)


def _seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


if __name__ == "__main__":
    main()
