"""The queue of a Slurm: its commands sbatch, squeue, scancel, sinfo. Nothing else of it is needed."""

import contextlib
import hashlib
import os
import re
import shlex
import subprocess
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.engines import Full
from orchestration.engines.slurm_folder import STOPPED, Folder
from orchestration.errors import NoEngine, StageFailed
from orchestration.stage import Node, Resources

ASK_SECONDS = 15.0  # between two questions about all jobs, however many they are
_PATIENCE_SECONDS = 60
_ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY", "BOOT_FAIL",
          "DEADLINE", "REVOKED"}
_FULL = re.compile("submit limit|MaxSubmit|maximum number of jobs|temporarily|try again|unable to contact|timed out|"
                   "connect failure|connection failure|receive failure|zero bytes|standby", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """A job in the queue, or that was there a few minutes ago. reason: why it waits."""

    job: int
    name: str
    state: str
    reason: str
    node: str

    @property
    def lives(self) -> bool:
        """Whether it runs, or may run."""
        return self.state not in _ENDED

    def words(self) -> str:
        """What it does, for a person."""
        if self.state == "PENDING":
            return f"queued ({self.reason})"
        return f"{self.state.lower()} on {self.node}" if self.node else self.state.lower()


def name_of(store: Path, key: str) -> str:
    """What the job of a stage is called."""
    return f"ganfp-{hashlib.sha256(str(store).encode()).hexdigest()[:8]}-{key[:24]}"


def asked() -> dict[int, Entry]:
    """All jobs of ours. Raises NoEngine if Slurm does not tell."""
    said = _said("squeue", "--noheader", f"--user={os.getuid()}", "--states=all", "--format=%A|%j|%T|%r|%N")
    rows = [line.split("|", 4) for line in said.splitlines() if line.count("|") >= 4]
    return {int(row[0]): Entry(int(row[0]), *row[1:]) for row in rows}


def told(store: Path, keys: Collection[str]) -> dict[str, str]:
    """{key: what its job does, for a person} of stages that have a job, or had one that left something."""
    folders = {key: Folder(store, key) for key in keys}
    folders = {key: folder for key, folder in folders.items() if folder.path.is_dir()}
    live = {entry.name: entry.words() for entry in asked().values() if entry.lives} if folders else {}
    return {key: live.get(name_of(store, key)) or _end(folder.ended()) for key, folder in folders.items()}


def _end(how: Mapping[str, Any] | None) -> str:
    """How the last attempt of a stage ended, for a person."""
    if how is None:
        return "begun"
    return "stopped" if how["status"] == STOPPED else f"ended, status {how['status']}"


class Queue:
    """What jobs do, asked for all of them at once and now and then. Thread-safe."""

    def __init__(self) -> None:
        self._guard, self._entries, self._asked = threading.Lock(), dict[int, Entry](), -float("inf")
        self._tried = -float("inf")

    def entries(self, since: float = -float("inf")) -> Mapping[int, Entry] | None:
        """The jobs as they were some seconds ago; None if nothing is known of a time after `since` (monotonic)."""
        with self._guard:
            if time.monotonic() - self._tried > ASK_SECONDS:
                self._ask()
            return self._entries if self._asked > since else None

    def now(self) -> Mapping[int, Entry]:
        """The jobs as they are. Raises NoEngine."""
        with self._guard:
            entries = asked()
            self._entries, self._asked, self._tried = entries, time.monotonic(), time.monotonic()
            return entries

    def live(self, name: str) -> int | None:
        """The number of the last job that is called so and lives, as far as was told last. Raises NoEngine."""
        entries = self.entries()
        told = self.now() if entries is None else entries
        return max((entry.job for entry in told.values() if entry.name == name and entry.lives), default=None)

    def _ask(self) -> None:
        began = self._tried = time.monotonic()
        with contextlib.suppress(NoEngine):  # a controller that is away says nothing of the jobs
            self._entries, self._asked = asked(), began


def submit(name: str, options: Sequence[str], after: Collection[int], log: Path, words: Sequence[str]) -> int:
    """Submit a job; returns its number. after: jobs that must have ended well before.

    Raises Full, and StageFailed for what Slurm will not take.
    """
    dependency = ",".join([*([f"afterok:{':'.join(map(str, after))}"] if after else []), "singleton"])
    script = "#!/bin/sh\nexec " + shlex.join(words) + "\n"
    command = ["sbatch", "--parsable", f"--job-name={name}", f"--dependency={dependency}", "--kill-on-invalid-dep=yes",
               "--requeue", "--export=ALL", "--open-mode=append", f"--output={log}", f"--error={log}",
               f"--chdir={log.parent}", *options]
    try:
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, env=_environment(),
                              timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Full("sbatch does not answer") from error
    if done.returncode == 0:
        return int(done.stdout.split(";")[0])
    said = " ".join(done.stderr.split()).removeprefix("sbatch: error: ")
    raise Full(said) if _FULL.search(said) else StageFailed(f"sbatch refuses its job: {said}")


def cancel(entry: Entry) -> None:
    """End a job: one that runs writes its checkpoint first. Raises NoEngine."""
    if entry.state == "PENDING":
        _said("scancel", str(entry.job))
    else:
        _said("scancel", "--batch", "--signal=TERM", str(entry.job))


def largest_node(partitions: Sequence[str]) -> Node:
    """As much as any one node has of each thing, of some partitions or the default one. Raises NoEngine."""
    rows = [line.split("|") for line in _said("sinfo", "--noheader", "--exact", "--Node",
                                              "--format=%P|%c|%m|%G").splitlines()]
    wanted = [row for row in rows if row[0].rstrip("*") in partitions or (not partitions and row[0].endswith("*"))]
    wanted = wanted or rows
    if not wanted:
        raise NoEngine("Slurm has no nodes; see sinfo")
    return Node("slurm", Resources(max(_gpus(row[3]) for row in wanted), max(int(row[1].rstrip("+")) for row in wanted),
                                   max(int(row[2].rstrip("+")) for row in wanted) << 20))


def _gpus(gres: str) -> int:
    """How many GPUs a node has: of gpu:2, gpu:a100:4(S:0-1),gpu:v100:2."""
    return sum(int(found) for found in re.findall(r"gpu(?::[^:,(]+)?:(\d+)", gres))


def _environment() -> dict[str, str]:
    """What a job is to see of our environment: nothing but what Slurm's commands need."""
    kept = ("PATH", "HOME", "USER", "LOGNAME", "SLURM_CONF", "LANG", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}


def _said(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEngine(f"{words[0]}: {_reason(error)}; run this on a login node of the cluster") from error
    if done.returncode:
        raise NoEngine(f"{words[0]} fails: {' '.join(done.stderr.split())}; is Slurm up? (sinfo)")
    return done.stdout


def _reason(error: Exception) -> str:
    return f"no answer in {_PATIENCE_SECONDS} s" if isinstance(error, subprocess.TimeoutExpired) else "not found"
