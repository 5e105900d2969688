"""How a container is made for a stage: what it may do, and what it is shown.

It runs as the calling user, with an init, a read-only root and no network, without capabilities and
new privileges, under limits of memory, cores and processes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from docker.types import LogConfig, Mount

from orchestration.engines import Job, docker_gpus, surroundings
from orchestration.stage import Resources

_PIDS = 4096
_TMP = "size=1g,mode=1777"


def arguments(
    job: Job, image_id: str, info: Mapping[str, Any], gpus: docker_gpus.Arguments
) -> dict[str, Any]:
    """Arguments of the call that makes it. info: what the engine tells of itself.

    gpus: how GPUs are asked for, as docker_gpus says.
    """
    variables = surroundings.variables(job, image_id, home="/tmp")
    return {
        **gpus,
        **_limits(job.stage.resources),
        "image": image_id,
        "command": surroundings.command(job, "/in", "/out", "/config.json"),
        "environment": {**variables, **gpus.get("environment", {})},
        "labels": _labels(job),
        "mounts": _mounts(job),
        "user": _user(info),
        "init": True,
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {"/tmp": _TMP},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "stop_signal": "SIGTERM",
        "log_config": LogConfig(type="none"),  # what it writes is in the store
    }


def _limits(wish: Resources) -> dict[str, Any]:
    return {
        "mem_limit": wish.memory,
        "memswap_limit": wish.memory,
        "nano_cpus": wish.cores * 10**9,
        "pids_limit": _PIDS,
        "shm_size": wish.memory // 2,
    }


def _labels(job: Job) -> dict[str, str]:
    return {
        "ganfp.run": job.study,
        "ganfp.stage": job.stage.name,
        "ganfp.key": job.key,
        "ganfp.store": str(job.store),
    }


def _mounts(job: Job) -> list[Mount]:
    shown = surroundings.shown(job, "/in", "/config.json")
    read = [Mount(place, str(path), type="bind", read_only=True) for place, path in shown.items()]
    return [Mount("/out", str(job.out), type="bind"), *read]


def _user(info: Mapping[str, Any]) -> str:
    """The calling user; in a rootless engine that is the one who is root inside."""
    if "name=rootless" in (info.get("SecurityOptions") or []):
        return "0:0"
    return f"{os.getuid()}:{os.getgid()}"
