"""Kills at random moments, in turn of the orchestrator, a node, slurmd alone, slurmctld. A seed makes them again.

python -m tests.slurm.chaos [--seed SEED] [--kills KILLS]

A study of shell scripts runs again and again, each time in a new store, and is killed on its way until it is done.
One of its stages writes the numbers 1 to 30 and goes on after the last one that is there: each must stand there
once, which it would not if two attempts ran at once, or one was lost.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import docker

from orchestration.repository import REPOSITORY
from tests.orchestration import tiny
from tests.slurm.cluster import Cluster
from tests.study.shell_study import NUMBERS

VICTIMS = ("orchestrator", "node", "slurmd", "controller")
SECONDS = (1.0, 10.0)  # between deaths: an undisturbed run takes some fifteen
AWAY_SECONDS = (0.0, 4.0)
PATIENCE_SECONDS = 600
OF_ONE_STUDY = 6  # deaths, or it never comes to its end where machines are slow


@dataclass
class Chaos:
    """Studies that are killed, on a cluster that is killed too. folder: empty, and nobody else's."""

    cluster: Cluster
    image: str
    folder: Path
    chance: random.Random
    deaths: Counter[str] = field(default_factory=Counter)

    def run(self, kills: int) -> None:
        """Kill so many times. Raises AssertionError for the first thing that is not as it must be."""
        while (killed := self.deaths.total()) < kills:
            self._study(self.folder / f"store-{killed}", min(kills, killed + OF_ONE_STUDY))

    def _study(self, store: Path, kills: int) -> None:
        program, until = self._start(store), time.monotonic() + PATIENCE_SECONDS
        while not list(store.glob("*/all")):
            assert time.monotonic() < until, f"{store}: it does not come to its end\n{self.cluster.told()}"
            wait = self.chance.uniform(*SECONDS)
            try:
                told, _ = program.communicate(timeout=wait)
                assert "Traceback" not in told and (program.returncode == 0 or "error: " in told), told
                program = self._start(store)
            except subprocess.TimeoutExpired:
                if self.deaths.total() < kills:
                    program = self._kill(program, store)
        program.communicate(timeout=PATIENCE_SECONDS)
        made = next(store.glob("*/all")).read_text().split()
        assert made == ["hello", *NUMBERS], f"{store}: {made}"
        took = PATIENCE_SECONDS - (until - time.monotonic())
        print(f"{self.deaths.total()} deaths: nothing is lost; the last study took {took:.0f} s", flush=True)

    def _kill(self, program: subprocess.Popen[str], store: Path) -> subprocess.Popen[str]:
        victim = VICTIMS[self.deaths.total() % len(VICTIMS)]
        self.deaths[victim] += 1
        if victim == "orchestrator":
            program.kill()
            program.communicate()
            return self._start(store)
        node, away = self.chance.choice(self.cluster.names), self.chance.uniform(*AWAY_SECONDS)
        kill, start = {"node": (self.cluster.kill_node, self.cluster.start_node),
                       "slurmd": (self.cluster.kill_slurmd, self.cluster.start_slurmd),
                       "controller": (lambda _: self.cluster.kill_controller(),
                                      lambda _: self.cluster.start_controller())}[victim]
        kill(node)
        time.sleep(away)
        start(node)
        return program

    def _start(self, store: Path) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tests.slurm.slurm_study", str(store), self.image, "run"]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder,
                                env={**os.environ, "PYTHONPATH": str(REPOSITORY)})


def main() -> None:
    """Kill, and tell what was killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=50)
    asked = parser.parse_args()
    image = tiny.build(docker.from_env())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cluster").mkdir()
        (Path(folder) / "study").mkdir()
        with Cluster(Path(folder) / "cluster") as cluster:
            chaos = Chaos(cluster, image, Path(folder) / "study", random.Random(asked.seed))
            chaos.run(asked.kills)
    print(", ".join(f"{victim}: {count} times" for victim, count in chaos.deaths.items()), "killed; nothing was lost")


if __name__ == "__main__":
    main()
