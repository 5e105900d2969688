"""The NVIDIA GPUs of this host, as the driver tells of them, and which of them we may use.

The id of a GPU is its UUID or, where nvidia-smi does not tell that, its index.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

_DRIVER = Path("/proc/driver/nvidia/gpus")  # one entry per GPU; not there under WSL
_SMI = "nvidia-smi"
_PATIENCE_SECONDS = 30.0
_UUID = re.compile(r"(GPU|MIG)-\S+")


@dataclass(frozen=True)
class Gpu:
    """One GPU. capability: the compute capability, such as 8.6; None from drivers before 510.

    driver: its version, such as (535, 104).
    """

    index: int
    name: str
    capability: float | None
    driver: tuple[int, ...]


class DriverFailure(Exception):
    """nvidia-smi is there but fails; the text is what it said."""


def ids() -> tuple[str, ...]:
    """The GPUs that we may use: all, or those that CUDA_VISIBLE_DEVICES leaves."""
    return allowed({index: gpu for gpu, index in indexes().items()})


def allowed(there: Mapping[str, str]) -> tuple[str, ...]:
    """Of the GPUs `there` ({index: id}) those that CUDA_VISIBLE_DEVICES, if it is set, names.

    It is read as CUDA does: what follows a word that names none ("-1", "NoDevFiles", "") is unseen.
    """
    stated = os.environ.get("CUDA_VISIBLE_DEVICES")
    if stated is None or not there:
        return tuple(there.values())
    found: list[str] = []
    for word in (word.strip() for word in stated.split(",")):
        named = there.get(word) or _of_uuid(word, there)
        if named is None:
            break
        found.append(named)
    return tuple(dict.fromkeys(found))


def indexes() -> dict[str, str]:
    """{id: index} of all GPUs of this host."""
    try:
        rows = _rows("index,uuid")
    except DriverFailure:
        rows = []
    if not rows and _DRIVER.is_dir():
        rows = [[str(index), ""] for index, _ in enumerate(_DRIVER.iterdir())]
    return {uuid if _UUID.fullmatch(uuid) else index: index for index, uuid, *_ in rows}


def names(wanted: Collection[str]) -> list[str]:
    """What GPUs of the ids `wanted` are called; their ids where nvidia-smi does not tell."""
    if not wanted:
        return []
    called = dict(row[:2] for row in _rows("index,name"))
    return [called.get(indexes().get(gpu, ""), gpu) for gpu in wanted]


def read() -> list[Gpu]:
    """The GPUs; none where there is no nvidia-smi. Raises DriverFailure if it cannot tell."""
    try:
        rows = _rows("index,name,compute_cap,driver_version")
    except DriverFailure as error:
        if "compute_cap" not in str(error):
            raise
        rows = _rows("index,name,driver_version")
    return [_gpu(*row) for row in rows]


def _gpu(index: str, name: str, *rest: str) -> Gpu:
    *capability, driver = rest
    known = [float(text) for text in capability if text.replace(".", "").isdigit()]
    version = tuple(int(part) for part in driver.split("."))
    return Gpu(int(index), name, known[0] if known else None, version)


def _of_uuid(word: str, there: Mapping[str, str]) -> str | None:
    """The GPU whose UUID is, or begins with, `word`; also one that nvidia-smi does not list."""
    if not _UUID.fullmatch(word):
        return None
    return next((gpu for gpu in there.values() if gpu.startswith(word)), word)


def _rows(fields: str) -> list[list[str]]:
    """What nvidia-smi says of every GPU; nothing where there is none. Raises DriverFailure."""
    if shutil.which(_SMI) is None:
        return []
    command = [_SMI, f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False,
                                timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise DriverFailure(f"no answer within {_PATIENCE_SECONDS:g} s") from error
    if answer.returncode != 0:
        raise DriverFailure(" ".join((answer.stdout + answer.stderr).split()))
    lines = answer.stdout.splitlines()
    return [[cell.strip() for cell in line.split(",")] for line in lines if line.strip()]
