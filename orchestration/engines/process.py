"""No Docker: one process a stage, in a virtual environment per image, made from the same pinned requirements.

What a container keeps apart is not kept apart: a stage sees the machine's files and network, and its memory
limit is not enforced. A stage dies with the orchestrator, and until it has died it holds the lock of its
stage, so that a later run cannot write to the same folder.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, cast

from orchestration import gpus, images
from orchestration.engines import GRACE_SECONDS, Job, Result, Tell, leash, substitute
from orchestration.engines.logs import Event, Log
from orchestration.engines.memory import KillWatch
from orchestration.errors import UserError
from orchestration.images import environments
from orchestration.stage import Resources, Stage


class ProcessEngine:
    """Runs stages as processes. root: where the environments are kept."""

    name = "process"

    def __init__(self, root: Path) -> None:
        self._root = root

    def room(self) -> Resources:
        """The GPUs, cores and memory of this machine."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return Resources(gpus.count(), len(os.sched_getaffinity(0)), memory)

    def image_id(self, reference: str) -> str:
        """Raises UserError: such an image needs Docker."""
        raise UserError(f"image {reference}: no folder of containers/ makes it, so it can only run in a Docker Engine")

    def prepare(self, stages: Collection[Stage], tell: Tell) -> None:
        """Make the environments that are missing or out of date."""
        for image, flavour in sorted({(stage.image, stage.flavour) for stage in stages}):
            self._environment(image, flavour, tell)

    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        """Nothing to do: the kernel ends a stage with its orchestrator."""

    def start(self, job: Job) -> ProcessRunning:
        """Start the process of a stage. Raises UserError for an image that only Docker could run."""
        stage = job.stage
        environment = self._environment(stage.image, stage.flavour, lambda event: None)
        inputs = _show(job)
        command = [*environment.command, *substitute(stage.command, str(inputs), str(job.out), str(job.config))]
        variables = {
            **os.environ,
            **environment.variables,
            "GANFP_IMAGE": environment.identity,
            "OMP_NUM_THREADS": str(stage.resources.cores),
            "CUDA_VISIBLE_DEVICES": ",".join(str(slot) for slot in job.gpus),
        }
        return ProcessRunning(job, command, variables, environment.identity)

    def _environment(self, image: str, flavour: str, tell: Tell) -> environments.Environment:
        if not images.exists(image):
            self.image_id(image)
        return environments.ensure(images.recipe(image, flavour), self._root, tell)


class ProcessRunning:
    """A process that runs, the leader of a process group."""

    def __init__(self, job: Job, command: list[str], variables: dict[str, str], image_id: str) -> None:
        self._log, self.image_id = Log(job.log), image_id
        self._memory = KillWatch()
        self._process = subprocess.Popen(
            [sys.executable, "-I", leash.__file__, str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            cwd=job.out,
            process_group=0,
            pass_fds=(job.lock,),
        )
        self._output, self._errors = cast(IO[bytes], self._process.stdout), cast(IO[bytes], self._process.stderr)
        self._killer = threading.Timer(GRACE_SECONDS, self._signal, (signal.SIGKILL,))
        self._killer.daemon = True

    def events(self) -> Iterator[Event]:
        """The events it writes, until it ends."""
        reader = threading.Thread(target=self._read_errors, daemon=True)
        reader.start()
        with self._log as log, self._output as output:
            for line in output:
                yield from log.output(line)
            reader.join()
            yield from log.end()

    def result(self) -> Result:
        """How it ended. Whatever it left running in its group is killed."""
        status = self._process.wait()
        self._killer.cancel()
        self._signal(signal.SIGKILL)
        out_of_memory = status == -signal.SIGKILL and self._memory.saw_one()
        return Result(status if status >= 0 else 128 - status, out_of_memory, self._log.last_lines())

    def _read_errors(self) -> None:
        with self._errors as errors:
            for line in errors:
                self._log.errors(line)

    def cancel(self) -> None:
        """Make it stop."""
        self._signal(signal.SIGTERM)
        self._killer.start()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _show(job: Job) -> Path:
    """A folder where every input is, under the name it is mounted by in a container."""
    folder = job.config.with_name(f"{job.key}.in")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, path in job.inputs.items():
        (folder / name).symlink_to(path)
    return folder
