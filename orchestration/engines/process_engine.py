"""No Docker: one process a stage, in an environment per framework, of the same pinned requirements.

What a container keeps apart is not kept apart: a stage sees the machine's files and network, and its
memory limit is not enforced. A stage dies with the orchestrator, and until it has died it holds its
lease, so that a later run cannot write to the same folder.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NoReturn, cast

from orchestration import gpus, host
from orchestration.engines import GRACE_SECONDS, STOPPING, Job, Result, leash
from orchestration.engines.logs import Log
from orchestration.engines.memory import KillWatch
from orchestration.errors import UserError
from orchestration.events import Event, Tell
from orchestration.images import Image, Recipe, environments
from orchestration.repository import REPOSITORY
from orchestration.stage import Node, Resources

_CHUNK = 1 << 16  # bytes


def connect() -> ProcessEngine:
    """The engine of this machine, which is always there."""
    return ProcessEngine(REPOSITORY)


class ProcessEngine:
    """Runs stages as processes. root: where the environments are kept."""

    name = "process"
    caution = "stages run as processes of this machine, neither isolated nor limited in memory"
    parting = STOPPING

    def __init__(self, root: Path) -> None:
        self._root = root

    def nodes(self) -> tuple[Node]:
        """This machine, or what a container or a job of a scheduler leaves us of it."""
        ids = gpus.ids()
        has = Resources(len(ids), host.cores(), host.memory())
        return (Node(socket.gethostname(), has, ids),)

    def image_id(self, reference: str) -> NoReturn:
        """Raises UserError: such an image needs Docker."""
        raise UserError(f"image {reference}: no folder of containers/ makes it, so it can only run "
                        "in a Docker Engine")

    def ask(self, image_id: str, verb: str) -> NoReturn:
        """Raises UserError, as `image_id` does."""
        self.image_id(image_id)

    def check(self, store: Path, files: Collection[Path], say: Callable[[str], None]) -> None:
        """Nothing to find out: a stage may do what we may."""

    def prepare(self, images: Collection[Image], tell: Tell) -> None:
        """Make the environments that are missing."""
        for image in images:
            self._environment(image, tell)

    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        """Nothing to do: the kernel ends a stage with its orchestrator."""

    def attach(self, job: Job) -> None:
        """None: nothing of a stage is left as soon as its lease is free."""

    def start(self, job: Job) -> ProcessRunning:
        """Start the process of a stage. Raises UserError for an image that only Docker can run."""
        environment = self._environment(job.image, lambda event: None)
        scratch = _scratch(job)
        inputs, config = scratch / "in", scratch / "config.json"
        for place, path in job.shown(str(inputs), str(config)).items():
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            Path(place).symlink_to(path)
        words = job.command(str(inputs), str(job.out), str(config))
        variables = {**os.environ, **environment.variables,
                     **job.variables(environment.identity, str(scratch)),
                     "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # as nvidia-smi counts
                     "CUDA_VISIBLE_DEVICES": ",".join(job.gpus)}
        command = [*environment.command, *words]
        return ProcessRunning(job, command, variables, environment.identity, scratch)

    def _environment(self, image: Image, tell: Tell) -> environments.Environment:
        if not isinstance(image, Recipe):
            self.image_id(image.name)
        return environments.ensure(image, self._root, tell)


class ProcessRunning:
    """A process that runs, the leader of a process group."""

    def __init__(self, job: Job, command: list[str], variables: dict[str, str], image_id: str,
                 scratch: Path) -> None:
        self._log, self._memory, self.image_id = Log(job.log), KillWatch(), image_id
        self._scratch = scratch
        self._process = subprocess.Popen(
            [sys.executable, "-I", leash.__file__, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables,
            cwd=job.out, process_group=0)
        try:
            job.hold(self._process.pid)
        except OSError:
            self._process.kill()
            self._process.communicate()
            raise
        self._output = cast(io.BufferedReader, self._process.stdout)
        self._errors = cast(io.BufferedReader, self._process.stderr)
        self._killer = threading.Timer(GRACE_SECONDS, self._signal, (signal.SIGKILL,))
        self._killer.daemon = True
        self._guard = threading.Lock()

    def events(self) -> Iterator[Event]:
        """The events it writes, until it ends."""
        reader = threading.Thread(target=self._read_errors, daemon=True)
        reader.start()
        with self._log as log, self._output as output:
            for chunk in _chunks(output):
                yield from log.output(chunk)
            reader.join()
            yield from log.end()

    def result(self) -> Result:
        """How it ended. Whatever it left running in its group is killed."""
        status = self._process.wait()
        self._killer.cancel()
        self._signal(signal.SIGKILL)
        shutil.rmtree(self._scratch, ignore_errors=True)
        out_of_memory = status == -signal.SIGKILL and self._memory.saw_one()
        return Result(status if status >= 0 else 128 - status, out_of_memory, self._log.last_lines())

    def _read_errors(self) -> None:
        with self._errors as errors:
            for chunk in _chunks(errors):
                self._log.errors(chunk)

    def cancel(self) -> None:
        """Make it stop."""
        with self._guard:
            if self._killer.ident is None:
                self._signal(signal.SIGTERM)
                self._killer.start()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _chunks(stream: io.BufferedReader) -> Iterator[bytes]:
    """What comes, as it comes: a line may have no end."""
    return iter(lambda: stream.read1(_CHUNK), b"")


def _scratch(job: Job) -> Path:
    """An empty folder for what a container has of its own: its home, and places for its inputs."""
    folder = job.config.with_name(f"{job.key}.scratch")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "in").mkdir(parents=True)
    return folder
