"""How a container is given GPUs: what the engine can do decides how it is asked.

CDI names        where the engine lists NVIDIA's CDI devices, or reads a specification of them
device request   `docker run --gpus`, the modern nvidia-docker: Docker 19.03 (API 1.40) and later
runtime: nvidia  the old one, also where nothing else is installed
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docker

from orchestration import gpus
from orchestration.engines import docker_info

Arguments = Mapping[str, Any]
_CDI_NAME = re.compile(r"nvidia\.com/gpu=\d+")
_FIRST_API_WITH_DEVICE_REQUESTS = (1, 40)


def ids(info: Mapping[str, Any]) -> tuple[str, ...]:
    """The GPUs that we may use in the engine that tells `info` of itself."""
    if docker_info.is_podman(info):
        return ()
    listed = [name.partition("=")[2] for name in _listed(info)]
    return gpus.ids() or gpus.allowed({index: index for index in listed})


def ways(info: Mapping[str, Any], api_version: str, wanted: Sequence[str]) -> list[Arguments]:
    """The ways to ask for the GPUs of the ids `wanted`, best first: arguments of the call that
    makes a container.

    None wanted: the one way is not to ask. An engine that knows no way has an empty list; so has Podman,
    which ignores what Docker's interface asks for.
    CUDA_VISIBLE_DEVICES is never among them: inside, the GPUs that were given are numbered from 0.
    """
    if not wanted:
        return [{}]
    asks: list[Arguments] = []
    if docker_info.is_podman(info):
        return asks
    if has_cdi(info):
        asks.append({"device_requests": [_request("cdi", _cdi_names(wanted), [])]})
    if tuple(int(part) for part in api_version.split(".")) >= _FIRST_API_WITH_DEVICE_REQUESTS:
        asks.append({"device_requests": [_request("", list(wanted), [["gpu"]])]})
    if has_runtime(info):
        visible = {"NVIDIA_VISIBLE_DEVICES": ",".join(wanted)}
        asks.append({"runtime": "nvidia", "environment": visible})
    return asks


def has_cdi(info: Mapping[str, Any]) -> bool:
    """Whether the engine has NVIDIA's GPUs as CDI devices. Older engines tell only where they look for them."""
    return bool(_listed(info)) or any("nvidia.com/gpu" in file.read_text(errors="replace")
                                      for folder in info.get("CDISpecDirs") or []
                                      for file in Path(folder).glob("*.*")
                                      if file.suffix in (".yaml", ".yml", ".json"))


def has_runtime(info: Mapping[str, Any]) -> bool:
    """Whether the engine has the runtime that nvidia-docker 2 registers."""
    return "nvidia" in (info.get("Runtimes") or {})


def _cdi_names(wanted: Sequence[str]) -> list[str]:
    """By index, as the names by UUID are younger."""
    indexes = gpus.indexes()
    return [f"nvidia.com/gpu={indexes.get(gpu, gpu)}" for gpu in wanted]


def _listed(info: Mapping[str, Any]) -> list[str]:
    devices = info.get("DiscoveredDevices") or []
    return [device["ID"] for device in devices if _CDI_NAME.fullmatch(device.get("ID", ""))]


def _request(driver: str, devices: list[str], capabilities: list[list[str]]) -> Any:
    return docker.types.DeviceRequest(driver=driver, device_ids=devices, capabilities=capabilities)
