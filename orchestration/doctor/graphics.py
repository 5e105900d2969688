"""GPUs and driver against what each image can drive, and how containers get at the GPUs."""

import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from orchestration import gpus, images
from orchestration.doctor import Finding, severity
from orchestration.engines import docker_gpus, docker_info
from orchestration.gpus import Gpu
from orchestration.images import facts, recipes
from orchestration.images.facts import Cuda

_TOOLKIT = ("install nvidia-container-toolkit, run nvidia-ctk runtime configure --runtime=docker, "
            "restart the engine")
_NEWER = "install a newer NVIDIA driver"


def find(info: Mapping[str, Any] | None, needed: bool) -> list[Finding]:
    """Look at the GPUs. info: as the Docker Engine tells it. needed: whether a manifest asks."""
    try:
        found = gpus.read()
    except gpus.DriverFailure as error:
        mend = "reboot, or install the driver again; nvidia-smi must work first"
        return [Finding(severity(needed), "GPU", f"nvidia-smi fails: {error}", mend)]
    if not found:
        return [_none(needed)]
    hook = shutil.which("nvidia-container-runtime-hook")
    return [*judge(found), *([] if info is None else reach(info, hook))]


def judge(found: list[Gpu]) -> list[Finding]:
    """What each GPU can run."""
    return [finding for gpu in found for finding in (_about(gpu), *_unfit(gpu))]


def reach(info: Mapping[str, Any], hook: str | None) -> list[Finding]:
    """How containers get at the GPUs. hook: the program that device requests need, if any."""
    if docker_info.is_podman(info):
        return [Finding("problem", "GPU", "Podman gives no GPUs to what asks as Docker's users do", "use Docker, or "
                        "--engine process")]
    by = [*(["CDI names"] if docker_gpus.has_cdi(info) else []),
          *(["device requests"] if hook else []),
          *(["runtime: nvidia"] if docker_gpus.has_runtime(info) else [])]
    if by:
        return [Finding("ok", "GPU", f"containers get GPUs by {', '.join(by)}")]
    text = "the Docker Engine has no way to give GPUs to containers"
    return [Finding("problem", "GPU", text, _TOOLKIT)]


def _none(needed: bool) -> Finding:
    if needed:
        text = "the manifest asks for a GPU; there is no NVIDIA GPU, or no driver"
        mend = "use a machine with one and its driver, or say `device: cpu` in the manifest"
        return Finding("problem", "GPU", text, mend)
    return Finding("ok", "GPU", "no NVIDIA GPU (or no driver): everything runs on the CPU")


def _about(gpu: Gpu) -> Finding:
    driver = ".".join(str(part) for part in gpu.driver)
    capability = "" if gpu.capability is None else f"compute capability {gpu.capability}, "
    return Finding("ok", "GPU", f"{gpu.index}: {gpu.name}, {capability}driver {driver}")


def _unfit(gpu: Gpu) -> Iterator[Finding]:
    if gpu.capability is None:
        yield Finding("warning", "GPU", f"{gpu.index}: the driver is too old to tell what the GPU can do", _NEWER)
        return
    for image in images.names():
        cuda = facts.read(recipes.framework_name(image)).cuda
        if cuda:
            yield from _limits(gpu, image, cuda)


def _limits(gpu: Gpu, image: str, cuda: Cuda) -> Iterator[Finding]:
    """What keeps an image from this GPU."""
    oldest, newest = cuda.capability
    about = f"{gpu.index}: image {image} (CUDA {cuda.version})"
    if gpu.capability is not None and not oldest <= gpu.capability <= newest:
        text = f"{about} drives compute capabilities {oldest} to {newest}, not {gpu.capability}"
        yield Finding("warning", "GPU", text, cuda.otherwise)
    elif gpu.driver < cuda.driver:
        wanted = ".".join(str(part) for part in cuda.driver)
        text = f"{about} needs driver {wanted} or newer"
        yield Finding("warning", "GPU", text, _NEWER)
