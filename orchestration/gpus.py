"""The NVIDIA GPUs of this machine, as the driver tells of them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")  # one entry per GPU; not there under WSL
_QUERY = ("nvidia-smi", "--query-gpu=index,name,compute_cap,driver_version", "--format=csv,noheader,nounits")


@dataclass(frozen=True)
class Gpu:
    """One GPU. capability: the compute capability, such as 8.6. driver: its version, such as (535, 104)."""

    index: int
    name: str
    capability: float
    driver: tuple[int, ...]


class DriverFailure(Exception):
    """nvidia-smi is there but fails; the text is what it said."""


def count() -> int:
    """How many GPUs there are."""
    if _DRIVER.is_dir():
        return len(list(_DRIVER.iterdir()))
    try:
        return len(read())
    except DriverFailure:
        return 0


def read() -> list[Gpu]:
    """The GPUs; none where there is no nvidia-smi. Raises DriverFailure if it cannot tell."""
    if shutil.which(_QUERY[0]) is None:
        return []
    answer = subprocess.run(_QUERY, capture_output=True, text=True, check=False, timeout=60)
    if answer.returncode != 0:
        raise DriverFailure(" ".join((answer.stdout + answer.stderr).split()))
    return parse(answer.stdout)


def parse(table: str) -> list[Gpu]:
    """The GPUs of the table that nvidia-smi prints: index, name, compute capability, driver version."""
    rows = [[cell.strip() for cell in line.split(",")] for line in table.splitlines() if line.strip()]
    return [
        Gpu(int(index), name, float(capability), tuple(int(part) for part in driver.split(".")))
        for index, name, capability, driver in rows
    ]
