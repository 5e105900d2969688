"""What `doctor` has a node of a cluster do: look whether stages could run there.

    python -m orchestration.engines.slurm_trial FOLDER

FOLDER is below the store. FOLDER/asked.json says what to try, FOLDER/said.json, which appears by rename, what was seen.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from orchestration.engines import slurm_runtime
from orchestration.store import write_json

_SECONDS = 60
STARTED = (0, 2)  # 2: it started, and does not know the verb


def look(asked: dict[str, Any], out: Path) -> dict[str, Any]:
    """What there is to say of this node."""
    seen: dict[str, Any] = {
        "node": os.environ.get("SLURMD_NODENAME", platform.node()), "time": time.time(), "word": asked["word"],
        "temporary": shutil.disk_usage(tempfile.gettempdir()).free, "program": shutil.which(asked["program"])}
    if seen["program"] and asked["root"]:
        seen["image"] = _run(asked, [*asked["command"], "settings"], out)
        if asked["gpus"]:
            seen["gpu"] = _run(asked, ["nvidia-smi", "--list-gpus"], out)
    return seen


def _run(asked: dict[str, Any], words: list[str], out: Path) -> list[Any]:
    """[exit status, last line] of a command in the image."""
    given = {name: os.environ[name] for name in ("CUDA_VISIBLE_DEVICES",) if name in os.environ}
    variables = {**asked["variables"], **given}
    with tempfile.TemporaryDirectory(prefix="ganfp-") as scratch:
        start = slurm_runtime.Start(root=Path(asked["root"]), folder="/", words=words, variables=variables, shown={},
                                    out=out, scratch=Path(scratch), gpus=asked["gpus"] > 0)
        command = slurm_runtime.command(asked["runtime"], asked["program"], start)
        own = slurm_runtime.environment(asked["runtime"], asked["program"], variables)
        try:
            done = subprocess.run(command, env={**os.environ, **own}, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return [124, f"no answer in {_SECONDS} s"]
    said = (done.stderr + done.stdout).decode("utf-8", "backslashreplace").strip().splitlines()
    return [done.returncode, said[-1] if said else ""]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_json(folder / "said.json", look(json.loads((folder / "asked.json").read_text()), folder))
