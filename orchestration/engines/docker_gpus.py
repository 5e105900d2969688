"""How a container is given GPUs: what the engine can do decides how it is asked.

CDI names        where the engine lists NVIDIA's CDI devices, or reads a specification of them
device request   `docker run --gpus`, the modern nvidia-docker: Docker 19.03 (API 1.40) and later
runtime: nvidia  the old one, also where nothing else is installed
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docker

from orchestration import gpus

Arguments = Mapping[str, Any]
_CDI_NAME = re.compile(r"nvidia\.com/gpu=\d+")
_FIRST_API_WITH_DEVICE_REQUESTS = (1, 40)


def count(info: Mapping[str, Any]) -> int:
    """How many GPUs there are for the engine that tells `info` of itself."""
    return len(_listed(info)) or gpus.count()


def ways(info: Mapping[str, Any], api_version: str, slots: Sequence[int]) -> list[Arguments]:
    """The ways to ask for the GPUs `slots`, best first: arguments of the call that makes a container.

    No slots: the one way is not to ask. An engine that knows no way has an empty list.
    CUDA_VISIBLE_DEVICES is never among them: inside, the GPUs that were given are numbered from 0.
    """
    if not slots:
        return [{}]
    asks: list[Arguments] = []
    if has_cdi(info):
        asks.append({"device_requests": [_request("cdi", [f"nvidia.com/gpu={slot}" for slot in slots], [])]})
    if tuple(int(part) for part in api_version.split(".")) >= _FIRST_API_WITH_DEVICE_REQUESTS:
        asks.append({"device_requests": [_request("", [str(slot) for slot in slots], [["gpu"]])]})
    if has_runtime(info):
        visible = ",".join(str(slot) for slot in slots)
        asks.append({"runtime": "nvidia", "environment": {"NVIDIA_VISIBLE_DEVICES": visible}})
    return asks


def has_cdi(info: Mapping[str, Any]) -> bool:
    """Whether the engine has NVIDIA's GPUs as CDI devices. Older engines tell only where they look for them."""
    return bool(_listed(info)) or any(
        "nvidia.com/gpu" in file.read_text(errors="replace")
        for folder in info.get("CDISpecDirs") or []
        for file in Path(folder).glob("*.*")
        if file.suffix in (".yaml", ".yml", ".json")
    )


def has_runtime(info: Mapping[str, Any]) -> bool:
    """Whether the engine has the runtime that nvidia-docker 2 registers."""
    return "nvidia" in (info.get("Runtimes") or {})


def _listed(info: Mapping[str, Any]) -> list[str]:
    devices = info.get("DiscoveredDevices") or []
    return [device["ID"] for device in devices if _CDI_NAME.fullmatch(device.get("ID", ""))]


def _request(driver: str, devices: list[str], capabilities: list[list[str]]) -> Any:
    return docker.types.DeviceRequest(driver=driver, device_ids=devices, capabilities=capabilities)
