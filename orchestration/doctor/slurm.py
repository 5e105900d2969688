"""A cluster of Slurm: a tiny job for each kind of job that the studies would submit tells whether they could run."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestration.doctor import Finding
from orchestration.engines import Full, slurm_queue, slurm_trial
from orchestration.engines.slurm_engine import SlurmEngine
from orchestration.engines.slurm_queue import Entry
from orchestration.errors import OrchestrationError
from orchestration.images import exported
from orchestration.stage import Plan, Resources, Stage
from orchestration.text import printable

_PATIENCE_SECONDS = 120.0
_LARGEST_SKEW = 60.0  # seconds
_TEMPORARY_BYTES = 1 << 30
_SMALL = Resources(gpus=0, cores=1, memory=1 << 30)
_SEE = "give the store (--store DIR), the repository and its .venv a place that all nodes see under the same path"


def find(engine: SlurmEngine, store: Path, plans: Mapping[str, Plan]) -> list[Finding]:
    """What jobs of these studies would meet. store: a folder that is there."""
    largest = engine.nodes()[0].resources
    called = (f"Slurm answers; its largest node has {largest.cores} cores, {largest.memory / 2**30:.0f} GiB and "
              f"{largest.gpus} GPU(s); images are started by {engine.program}")
    trials = [_Trial(engine, store, options, stage) for options, stage in _kinds(engine, plans)]
    return [Finding("ok", "engine", called), *(finding for trial in trials for finding in trial.findings())]


def _kinds(engine: SlurmEngine, plans: Mapping[str, Plan]) -> Iterable[tuple[tuple[str, ...], Stage]]:
    """A small stage for each way in which jobs are asked for: other partitions, with or without GPUs."""
    stages = [stage for plan in plans.values() for stage in plan.stages]
    small = [replace(stage, resources=replace(_SMALL, gpus=min(1, stage.resources.gpus))) for stage in stages]
    return {tuple(engine.site.options(stage)): stage for stage in small}.items()


class _Trial:
    """A job, submitted at once."""

    def __init__(self, engine: SlurmEngine, store: Path, options: tuple[str, ...], stage: Stage) -> None:
        self._engine, self._stage = engine, stage
        self._folder = Path(tempfile.mkdtemp(prefix=".doctor-", dir=store))
        self._word, self._number, self._refused = uuid.uuid4().hex, 0, ""
        image = exported.any_of(stage.image)
        gpus = stage.resources.gpus
        asked = {"word": self._word, "runtime": engine.kind, "program": engine.program, "gpus": gpus,
                 "root": str(image.root) if image else "", "command": image.command if image else (),
                 "variables": {**image.variables, "HOME": "/tmp"} if image else {}}
        self._image = image
        (self._folder / "asked.json").write_text(json.dumps(asked))
        try:
            self._number = slurm_queue.submit(f"ganfp-{self._word[:8]}-doctor", options, (), self._folder / "slurm.log",
                                              engine.python(slurm_trial.__name__, str(self._folder)))
        except (Full, OrchestrationError) as error:
            self._refused = str(error)

    def findings(self) -> list[Finding]:
        """What it tells, as soon as it has run; or that it did not."""
        kind = f"a job for {self._stage.name}"
        try:
            if self._refused:
                return [Finding("problem", kind, self._refused, "see partition, account, gpu and words in site.yaml")]
            said, entry = self._wait()
            return list(self._judge(kind, said) if said else self._silent(kind, entry))
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> tuple[dict[str, Any] | None, Entry | None]:
        """What it saw, or what the queue says of it when it has ended, or after a while."""
        until, entry = time.monotonic() + _PATIENCE_SECONDS, None
        while time.monotonic() < until and (entry is None or entry.lives):
            for _ in range(10):
                time.sleep(0.2)
                with contextlib.suppress(FileNotFoundError):
                    return {**json.loads((self._folder / "said.json").read_text()), "seen": time.time()}, None
            entry = slurm_queue.asked().get(self._number)
        return None, entry

    def _silent(self, kind: str, entry: Entry | None) -> Iterator[Finding]:
        if entry is not None and entry.state == "PENDING":
            slurm_queue.cancel(entry)
            yield Finding("warning", kind, f"waited {_PATIENCE_SECONDS:g} s in the queue ({entry.reason}), and was "
                          "taken out of it", "ask again when the cluster is less busy; `squeue --start` tells when")
            return
        log = self._folder / "slurm.log"
        lines = log.read_text(errors="backslashreplace").split("\n") if log.exists() else []
        state, last = entry.state if entry else "gone", next(filter(None, reversed(lines)), "it wrote nothing here")
        text = f"ended ({state}) and left no answer below {self._folder.parent}: {last}"
        yield Finding("problem", kind, printable(text, 300), _SEE)

    def _judge(self, kind: str, said: dict[str, Any]) -> Iterator[Finding]:
        yield Finding("ok", kind, f"ran on {said['node']}, which sees the repository and the store")
        if abs(said["seen"] - said["time"]) > _LARGEST_SKEW:
            yield Finding("warning", kind, f"the clock of {said['node']} is {said['time'] - said['seen']:+.0f} s off",
                          "have the nodes keep time (NTP): Slurm refuses what is five minutes old")
        if said["temporary"] < _TEMPORARY_BYTES:
            yield Finding("warning", kind, f"{said['node']} has {said['temporary'] >> 20} MiB free for temporary files",
                          "name nodes with more: words: [--tmp=2G] in site.yaml")
        yield from self._judge_image(kind, said)

    def _judge_image(self, kind: str, said: dict[str, Any]) -> Iterator[Finding]:
        if not said["program"]:
            yield Finding("problem", kind, f"{said['node']} has no {self._engine.program}",
                          "install Apptainer on the nodes, or name a runtime that they have: `runtime` in site.yaml")
        elif self._image is None:
            yield Finding("warning", kind, f"whether the image {self._stage.image} runs cannot be tried before it is "
                          "exported", "orchestrate.py images export, where there is a Docker Engine")
        else:
            yield _started(kind, f"the image {self._stage.image}", said["image"], slurm_trial.STARTED,
                           "see what it says; unprivileged user namespaces may be off on the nodes")
        if "gpu" in said:
            yield _started(kind, "nvidia-smi in the image", said["gpu"], (0,), "see that the job gets a GPU (gpu in "
                           "site.yaml), and that Apptainer starts images: charliecloud gives them no driver")


def _started(kind: str, what: str, said: list[Any], well: tuple[int, ...], mend: str) -> Finding:
    status, line = said
    if status in well:
        return Finding("ok", kind, f"{what} runs")
    return Finding("problem", kind, printable(f"{what} ended with status {status}: {line}", 300), mend)
