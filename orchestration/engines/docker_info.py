"""What an engine tells of itself that decides how containers are made. It may be Podman's socket, too."""

from collections.abc import Mapping
from typing import Any

Info = Mapping[str, Any]
_LIMITS = {"memory": ("MemoryLimit",), "swap": ("SwapLimit",), "cores": ("CpuCfsPeriod", "CpuCfsQuota"),
           "processes": ("PidsLimit",)}


def is_podman(info: Info) -> bool:
    """Whether it is Podman that answers as Docker would."""
    return "BuildahVersion" in info


def is_rootless(info: Info) -> bool:
    """Whether it runs as the user, who is root inside of containers."""
    return _has(info, "rootless") or bool(info.get("Rootless"))


def maps_users(info: Info) -> bool:
    """Whether users of containers are others outside (userns-remap)."""
    return _has(info, "userns")


def has_selinux(info: Info) -> bool:
    """Whether SELinux keeps containers from files."""
    return _has(info, "selinux")


def unlimited(info: Info) -> tuple[str, ...]:
    """What it cannot keep a container from taking too much of."""
    if is_podman(info) and is_rootless(info) and info.get("CgroupVersion") == "1":
        return tuple(_LIMITS)  # which it says to have and ignores
    return tuple(words for words, keys in _LIMITS.items() if not all(info.get(key, True) for key in keys))


def _has(info: Info, option: str) -> bool:
    return any(f"name={option}" in stated.split(",") for stated in info.get("SecurityOptions") or [])
