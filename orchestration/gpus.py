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

from orchestration import cards

_DRIVER = Path("/proc/driver/nvidia/gpus")  # one entry per GPU; not there under WSL
_SMI = "nvidia-smi"
_PATIENCE_SECONDS = 30.0
_UUID = re.compile(r"(GPU|MIG)-\S+")
_UNKNOWN = re.compile(r'Field "(\S+)" is not a valid field to query')
_NONE = "No devices were found"


@dataclass(frozen=True)
class Gpu:
    """One GPU. capability: the compute capability, such as 8.6; None where neither driver nor name tells it.

    driver: its version, such as (535, 104); empty where it is not told. sliced: whether it is in MIG mode.
    """

    index: int
    name: str
    capability: float | None
    driver: tuple[int, ...]
    sliced: bool = False


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
        rows, _ = _rows(["index", "uuid"])
    except DriverFailure:
        rows = []
    if not rows and _DRIVER.is_dir():
        rows = [[str(index), ""] for index, _ in enumerate(_DRIVER.iterdir())]
    return {uuid if _UUID.fullmatch(uuid) else index: index for index, uuid in rows}


def names(wanted: Collection[str]) -> list[str]:
    """What GPUs of the ids `wanted` are called; their ids where nvidia-smi does not tell."""
    if not wanted:
        return []
    called = dict(_rows(["index", "name"])[0])
    return [called.get(indexes().get(gpu, ""), gpu) for gpu in wanted]


def memory(wanted: Collection[str]) -> int | None:
    """Bytes of memory of the smallest of the GPUs `wanted`; None where nvidia-smi does not tell, as of a MIG slice."""
    try:
        told = dict(_rows(["index", "memory.total"])[0]) if wanted else {}  # MiB
    except DriverFailure:
        return None
    there = indexes()
    known = [told.get(there.get(gpu, ""), "") for gpu in wanted]
    return min(int(mib) << 20 for mib in known) if known and all(mib.isdigit() for mib in known) else None


def read() -> tuple[list[Gpu], str]:
    """The GPUs, and what else nvidia-smi said, of one that is lost, say. None where there is no nvidia-smi.

    Raises DriverFailure if it cannot tell of any.
    """
    fields = ["index", "name", "driver_version", "compute_cap", "mig.mode.current"]
    while True:
        try:
            rows, rest = _rows(fields)
            return [_gpu(dict(zip(fields, row, strict=True))) for row in rows], rest
        except DriverFailure as error:  # an older driver has not all of them
            unknown = _UNKNOWN.search(str(error))
            if unknown is None or unknown[1] not in fields[3:]:
                raise
            fields.remove(unknown[1])


def _gpu(told: Mapping[str, str]) -> Gpu:
    """What a row says, in which everything may be [N/A] or [Unknown Error] but the index."""
    name, driver, stated = told["name"], told["driver_version"], told.get("compute_cap", "")
    known = float(stated) if re.fullmatch(r"\d+\.\d+", stated) else cards.capability(name)
    version = tuple(int(part) for part in driver.split(".")) if re.fullmatch(r"\d+(\.\d+)*", driver) else ()
    return Gpu(int(told["index"]), name, known, version, told.get("mig.mode.current") == "Enabled")


def _of_uuid(word: str, there: Mapping[str, str]) -> str | None:
    """The GPU whose UUID is, or begins with, `word`; also one that nvidia-smi does not list."""
    if not _UUID.fullmatch(word):
        return None
    return next((gpu for gpu in there.values() if gpu.startswith(word)), word)


def _rows(fields: list[str]) -> tuple[list[list[str]], str]:
    """What nvidia-smi says of every GPU, and what else; nothing where there is none. Raises DriverFailure."""
    if shutil.which(_SMI) is None:
        return [], ""
    command = [_SMI, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False,
                                timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise DriverFailure(f"no answer within {_PATIENCE_SECONDS:g} s") from error
    lines = [[cell.strip() for cell in line.split(",")] for line in answer.stdout.splitlines()]
    rows = [line for line in lines if len(line) == len(fields) and line[0].isdigit()]
    rest = " ".join(" ".join([*(", ".join(line) for line in lines if line not in rows), answer.stderr]).split())
    if not rows and _NONE not in rest and (rest or answer.returncode):
        raise DriverFailure(rest or f"it ends with {answer.returncode}")
    return rows, rest
