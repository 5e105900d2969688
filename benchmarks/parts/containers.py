"""Containers whose events are timed, and the machine's peaks."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from orchestration.engines.docker_engine import connect
from orchestration.images import recipe

CORES = len(os.sched_getaffinity(0))
_PEAKS = (Path(__file__).parent / "peaks.py").read_text()
# Runs the words that it is given, and then tells how much memory they took at most.
_MEASURED = """import json, resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"event": "log", "message": "peak memory", "bytes": memory}))
sys.exit(status)"""


def built(names: Sequence[str]) -> dict[str, str]:
    """{name: reference} of our images, built where they are missing."""
    recipes = {name: recipe(name, "cpu") for name in names}
    connect().prepare(list(recipes.values()), lambda event: print(event, file=sys.stderr))
    return {name: one.reference for name, one in recipes.items()}


def events(reference: str, words: Sequence[str], folder: Path) -> Iterator[tuple[float, dict[str, Any]]]:
    """(seconds, event) of a container that is shown `folder` as /bench; the last event has its peak memory in "bytes".

    Raises CalledProcessError if it fails.
    """
    inspected = subprocess.run(["docker", "inspect", "--format", "{{json .Config.Entrypoint}}", reference],
                               check=True, capture_output=True, text=True)
    command = _docker(reference, "--volume", f"{folder}:/bench")
    command += ["-c", _MEASURED, *json.loads(inspected.stdout), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as container:
        assert container.stdout is not None
        for text in container.stdout:
            yield time.monotonic(), json.loads(text)
    if container.returncode:
        raise subprocess.CalledProcessError(container.returncode, command)


def peaks(reference: str) -> dict[str, float | None]:
    """What peaks.py finds in the image of PyTorch."""
    found = subprocess.run([*_docker(reference), "-c", _PEAKS], check=True, capture_output=True, text=True)
    return dict(json.loads(found.stdout))


def _docker(reference: str, *options: str) -> list[str]:
    """A command that starts Python in the image, as a stage would be started."""
    return ["docker", "run", "--rm", "--network", "none", "--user", f"{os.getuid()}:{os.getgid()}",
            "--env", f"OMP_NUM_THREADS={CORES}", *options, "--entrypoint", "python", reference]
