"""GPUs and driver against what each image can drive, and how containers get at the GPUs."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from orchestration import gpus, images
from orchestration.doctor import Finding, severity
from orchestration.engines import docker_gpus, docker_info
from orchestration.gpus import Gpu
from orchestration.images import facts, recipes
from orchestration.images.facts import Cuda
from orchestration.stage import Node, Plan

_TOOLKIT = ("install nvidia-container-toolkit, run nvidia-ctk runtime configure --runtime=docker, "
            "restart the engine")
_REBOOT = "reboot, or install the driver again; nvidia-smi must work first"
_RESET = "nvidia-smi --gpu-reset -i {}, or reboot; if it comes back, the card or its power is at fault"
_MENDS = {  # what nvidia-smi says, in small letters: its mend
    "insufficient permissions": "have yourself added to the group that owns /dev/nvidia*, or those opened to all",
    "blocked by the operating system": "in Windows, install its newest NVIDIA driver, then wsl --shutdown; inside "
                                       "WSL none is installed",
    "libnvidia-ml": "install the libraries of the same driver, or start this container with its GPUs (--gpus all)",
    "version mismatch": "reboot: the driver was upgraded, and the older one is still loaded",
    "couldn't communicate": "load it (modprobe nvidia); after a new kernel, or with Secure Boot, install it again",
    "inforom is corrupted": "it computes all the same; tell whoever looks after the machine",
}
_SLICES = "name those that may be used in CUDA_VISIBLE_DEVICES, as nvidia-smi -L calls them (MIG-...)"


def find(info: Mapping[str, Any] | None, needed: bool) -> list[Finding]:
    """Look at the GPUs. info: as the Docker Engine tells it. needed: whether a manifest asks."""
    try:
        found, rest = gpus.read()
    except gpus.DriverFailure as error:
        return [Finding(severity(needed), "GPU", f"nvidia-smi fails: {error}", _mend(str(error)))]
    if not found:
        return [_none(needed)]
    hook = shutil.which("nvidia-container-runtime-hook")
    lost = [Finding("warning", "GPU", f"nvidia-smi also says: {rest}", _mend(rest))] if rest else []
    return [*judge(found), *lost, *([] if info is None else reach(info, hook))]


def judge(found: list[Gpu]) -> list[Finding]:
    """What each GPU can run."""
    return [finding for gpu in found for finding in _about(gpu)]


def shares(plans: Mapping[str, Plan], nodes: Sequence[Node]) -> list[Finding]:
    """What a stage has of a GPU's memory, where a manifest has stages share. plans: by the manifest's name."""
    there = gpus.memory([gpu for node in nodes for gpu in node.gpus])
    if there is None:
        return []
    return [Finding("ok", "GPU", f"{name} has {plan.slots_per_gpu} stages on a GPU, each with "
                    f"{there / plan.slots_per_gpu / (1 << 30):.1f} GiB of its memory")
            for name, plan in plans.items() if plan.slots_per_gpu > 1]


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


def _mend(said: str) -> str:
    """Of what nvidia-smi says when it fails."""
    return next((mend for words, mend in _MENDS.items() if words in said.lower()), _REBOOT)


def _about(gpu: Gpu) -> Iterator[Finding]:
    if gpu.name.startswith("["):  # in place of it: [Unknown Error], [GPU requires reset], [N/A]
        text = f"{gpu.index}: nvidia-smi cannot read its name, {gpu.name}: nothing runs on it"
        yield Finding("warning", "GPU", text, _RESET.format(gpu.index))
        return
    against = {name: _against(gpu, cuda) for name, cuda in _frameworks().items()}
    runs = _images(name for name, finding in against.items() if finding is None)
    capability = "unknown" if gpu.capability is None else gpu.capability
    text = f"{gpu.index}: {gpu.name}, compute capability {capability}, driver {_dotted(gpu.driver) or 'unknown'}"
    yield Finding("ok", "GPU", f"{text}: {f'it runs {runs}' if runs else 'no image runs on it'}")
    if gpu.sliced:
        yield Finding("warning", "GPU", f"{gpu.index}: it is cut into slices (MIG), of which a stage sees one", _SLICES)
    for name, finding in against.items():
        if finding:
            text, mend = finding
            yield Finding("warning", "GPU", f"{gpu.index}: not {_images([name])} ({text})", mend)


def _against(gpu: Gpu, cuda: Cuda) -> tuple[str, str] | None:
    """What keeps images on one framework from a GPU, and the mend."""
    oldest, newest = cuda.capability
    if gpu.capability is not None and not oldest <= gpu.capability <= newest:
        return f"CUDA {cuda.version}: compute capability {oldest} to {newest}", cuda.otherwise
    if gpu.driver < cuda.driver_of(gpu.capability):
        wanted = _dotted(cuda.driver_of(gpu.capability))
        return f"CUDA {cuda.version}: driver {wanted} or newer", f"install NVIDIA driver {wanted} or newer"
    if gpu.capability is None:
        return (f"CUDA {cuda.version}: compute capability {oldest} to {newest}, which this driver does not tell",
                "install a newer NVIDIA driver")
    return None


def _frameworks() -> dict[str, Cuda]:
    """Those that have a flavour for GPUs."""
    known = {name: facts.read(name).cuda for name in map(recipes.framework_name, images.names())}
    return {name: cuda for name, cuda in known.items() if cuda}


def _images(frameworks: Iterable[str]) -> str:
    """The images that stand on these, as words."""
    wanted = set(frameworks)
    return ", ".join(name for name in images.names() if recipes.framework_name(name) in wanted)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
