"""GPUs and driver against what each image can drive, and how containers get at the GPUs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestration import gpus
from orchestration.doctor import Finding, severity
from orchestration.engines import docker_gpus
from orchestration.gpus import Gpu

_TOOLKIT = "install nvidia-container-toolkit, run nvidia-ctk runtime configure --runtime=docker, restart the engine"
_NEWER = "install a newer NVIDIA driver"


@dataclass(frozen=True)
class Drives:
    """What the CUDA flavour of an image can drive.

    driver: the oldest that its CUDA accepts. oldest, newest: compute capabilities of the GPUs that its
    frameworks have code for. otherwise: what to use for another GPU.
    """

    cuda: str
    driver: tuple[int, ...]
    oldest: float
    newest: float
    otherwise: str


_TENSORFLOW = Drives("12", (525, 60), 6.0, 12.1, "say `device: cpu` in the manifest")
_PYTORCH = Drives("13", (580, 65), 7.5, 12.1, "say `device: cpu` in the manifest")
IMAGES = {
    "progan": _TENSORFLOW,
    "attribution": _TENSORFLOW,
    "cramergan": _PYTORCH,
    "mmdgan": _PYTORCH,
    "sngan": Drives("10.1", (418, 39), 3.0, 7.5, "say `image: sngan-py3` in the manifest"),
    "sngan-py3": Drives("12", (525, 60), 5.0, 12.1, "say `image: sngan` in the manifest"),
}


def find(info: Mapping[str, Any] | None, needed: bool) -> list[Finding]:
    """Look at the GPUs. info: as the Docker Engine tells it. needed: whether a manifest asks for a GPU."""
    try:
        found = gpus.read()
    except gpus.DriverFailure as error:
        mend = "reboot, or install the driver again; nvidia-smi must work first"
        return [Finding(severity(needed), "GPU", f"nvidia-smi fails: {error}", mend)]
    if not found:
        return [_none(needed)]
    return [*judge(found), *([] if info is None else reach(info, shutil.which("nvidia-container-runtime-hook")))]


def judge(found: list[Gpu]) -> list[Finding]:
    """What each GPU can run."""
    return [finding for gpu in found for finding in (_about(gpu), *_unfit(gpu))]


def reach(info: Mapping[str, Any], hook: str | None) -> list[Finding]:
    """How containers get at the GPUs. hook: the program that device requests need, where it is installed."""
    by = [
        *(["CDI names"] if docker_gpus.has_cdi(info) else []),
        *(["device requests"] if hook else []),
        *(["runtime: nvidia"] if docker_gpus.has_runtime(info) else []),
    ]
    if by:
        return [Finding("ok", "GPU", f"containers get GPUs by {', '.join(by)}")]
    return [Finding("problem", "GPU", "the Docker Engine has no way to give GPUs to containers", _TOOLKIT)]


def _none(needed: bool) -> Finding:
    if needed:
        mend = "use a machine with one and its driver, or say `device: cpu` in the manifest"
        return Finding("problem", "GPU", "the manifest asks for a GPU; there is no NVIDIA GPU, or no driver", mend)
    return Finding("ok", "GPU", "no NVIDIA GPU (or no driver): everything runs on the CPU")


def _about(gpu: Gpu) -> Finding:
    driver = ".".join(str(part) for part in gpu.driver)
    capability = "" if gpu.capability is None else f"compute capability {gpu.capability}, "
    return Finding("ok", "GPU", f"{gpu.index}: {gpu.name}, {capability}driver {driver}")


def _unfit(gpu: Gpu) -> list[Finding]:
    findings = []
    if gpu.capability is None:
        return [Finding("warning", "GPU", f"{gpu.index}: the driver is too old to tell what the GPU can do", _NEWER)]
    for image, drives in IMAGES.items():
        if not drives.oldest <= gpu.capability <= drives.newest:
            text = (
                f"{gpu.index}: image {image} (CUDA {drives.cuda}) drives compute capabilities {drives.oldest} to "
                f"{drives.newest}, not {gpu.capability}"
            )
            findings.append(Finding("warning", "GPU", text, drives.otherwise))
        elif gpu.driver < drives.driver:
            wanted = ".".join(str(part) for part in drives.driver)
            text = f"{gpu.index}: image {image} (CUDA {drives.cuda}) needs driver {wanted} or newer"
            findings.append(Finding("warning", "GPU", text, _NEWER))
    return findings
