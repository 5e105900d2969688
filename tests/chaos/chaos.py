"""Kills at random moments, in turn of the orchestrator, of containers, of the engine. A seed makes them the same again.

python -m tests.chaos.chaos [--seed SEED] [--kills KILLS] [--first FIRST]

A study of one source trains and makes images, again and again, each time in a new store and killed on its way
until it is done. What it made must then be what an undisturbed run makes, bit for bit. No checkpoint may be lost,
nothing may appear beside the store, no container may be left, and a death that the orchestrator survives is told in
a line.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.repository import REPOSITORY
from tests.chaos.own_engine import OwnEngine
from tests.study.eigenimages_study import IMAGE, write_images
from tests.study.micro import finished

VICTIMS = ("orchestrator", "containers", "engine")
SECONDS = (0.2, 6.0)  # from its start to a death: an undisturbed run takes some six
PATIENCE_SECONDS = 600  # a machine may be busy
MADE = {"train": ("weights.npz", "training.json", "model.json"), "generate": ("images.npy", "imageset.json")}


@dataclass
class Chaos:
    """Studies that are killed, on an engine that may be killed too. folder: empty, and nobody else's.

    Who dies of the death `first`, and when, is a function of its number and `seed`, and so of those that follow.
    """

    engine: OwnEngine
    folder: Path
    seed: int
    first: int = 0
    deaths: Counter[str] = field(default_factory=Counter)

    def run(self, kills: int) -> None:
        """Kill so many times, and compare. Raises AssertionError for the first thing that is not as it must be."""
        self._draw()
        self.engine.take(IMAGE)
        write_images(self.folder / "images")
        (self.folder / "undisturbed").mkdir()
        whole = self._whole(self.folder / "undisturbed")
        (self.folder / "disturbed").mkdir()
        while self._number() < self.first + kills:
            store = self.folder / "disturbed" / f"store-{self._number()}"
            reached = 0
            while self._number() < self.first + kills and self._killed(store):
                assert (now := _reached(store)) >= reached, f"{store}: step {reached} was lost, {now} is left"
                reached = now
            assert self._whole(store) == whole, f"{store}: not what an undisturbed run makes"
            self._nothing_left(store)
            print(f"{self._number()} deaths: nothing is lost", flush=True)

    def _number(self) -> int:
        """Of the next death."""
        return self.first + sum(self.deaths.values())

    def _draw(self) -> None:
        self.chance = random.Random(f"{self.seed}/{self._number()}")

    def _whole(self, store: Path) -> dict[str, bytes]:
        """What the study makes, run to its end."""
        told, _ = self._start(store).communicate(timeout=PATIENCE_SECONDS)
        assert (store / "files.json").exists(), told
        stages = finished(store)
        assert set(stages) == set(MADE), told
        return {f"{stage}/{name}": (stages[stage] / name).read_bytes() for stage in MADE for name in MADE[stage]}

    def _killed(self, store: Path) -> bool:
        """Go on with a study, and kill something; False if it was done before."""
        program = self._start(store)
        victim, seconds = VICTIMS[self._number() % len(VICTIMS)], self.chance.uniform(*SECONDS)
        try:
            program.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.deaths[victim] += 1
            self._draw()
            getattr(self, f"_kill_{victim}")(store, program)
            return True
        return False

    def _kill_orchestrator(self, store: Path, program: subprocess.Popen[str]) -> None:
        program.kill()
        program.communicate()

    def _kill_containers(self, store: Path, program: subprocess.Popen[str]) -> None:
        self.engine.kill_containers(store)
        _ends_with_a_line(program)

    def _kill_engine(self, store: Path, program: subprocess.Popen[str]) -> None:
        self.engine.kill()
        _ends_with_a_line(program)
        self.engine.start()

    def _start(self, store: Path) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tests.study.eigenimages_study", str(store), str(self.folder / "images")]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=REPOSITORY,
                                env={**os.environ, "DOCKER_HOST": self.engine.address})

    def _nothing_left(self, store: Path) -> None:
        assert self.engine.containers(store) == 0, f"{store}: it left containers"
        assert not list(store.glob("*.partial")), f"{store}: it left a stage half done"
        assert {path.name for path in self.folder.iterdir()} == {"images", "undisturbed", "disturbed"}
        assert all(path.name.startswith("store-") for path in store.parent.iterdir())


def _reached(store: Path) -> int:
    """The last step of the training that is kept: all of them once there is a model, which has no checkpoints."""
    if "train" in finished(store) or any(store.glob("*.partial/model.json")):
        return sys.maxsize
    return max((int(path.name) for path in store.glob("*.partial/checkpoints/0*") if path.name.isdecimal()), default=0)


def _ends_with_a_line(program: subprocess.Popen[str]) -> None:
    told, _ = program.communicate(timeout=PATIENCE_SECONDS)
    assert "Traceback" not in told and (program.returncode == 0 or "error: " in told), told


def main() -> None:
    """Kill, and tell what was killed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="the number of the first death, to go on after others")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, OwnEngine() as engine:
        chaos = Chaos(engine, Path(folder), asked.seed, asked.first)
        chaos.run(asked.kills)
    print(", ".join(f"{victim}: {count} times" for victim, count in chaos.deaths.items()), "killed; nothing was lost")


if __name__ == "__main__":
    main()
