"""How a container is made for a stage: what it may do, and what it is shown.

It runs as the calling user, with an init, a read-only root and no network, without capabilities and
new privileges, under limits of memory, cores and processes.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from docker.types import LogConfig, Mount

from orchestration import host
from orchestration.engines import Job, docker_gpus, docker_info
from orchestration.stage import Resources

ASKER = "ganfp.asker"
_PIDS = 4096
_TMP = "size=1g,mode=1777"
_SMALL = Resources(gpus=0, cores=1, memory=1 << 30)  # for an answer


def arguments(job: Job, image_id: str, info: Mapping[str, Any],
              gpus: docker_gpus.Arguments) -> dict[str, Any]:
    """Arguments of the call that makes it. info: what the engine tells of itself.

    gpus: how GPUs are asked for, as docker_gpus says.
    """
    variables = job.variables(image_id, home="/tmp")
    return {
        **gpus, **_limits(job.stage.resources, info), **_confinement(info), "image": image_id,
        "labels": _labels(job), "command": job.command("/in", "/out", "/config.json"),
        "mounts": _mounts(job), "environment": {**variables, **gpus.get("environment", {})}}


def question(image_id: str, verb: str, info: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a container that is given a verb, and nothing to read or write; labelled with who asks."""
    asker = {ASKER: json.dumps([host.here(), host.known(os.getpid())])}
    return {**_limits(_SMALL, info), **_confinement(info), "image": image_id, "command": [verb], "labels": asker,
            "environment": {"HOME": "/tmp", "OMP_NUM_THREADS": "1"}}


def is_unheard(asker: str) -> bool:
    """Whether the process that asked, as its label says, has ended. An image may bear that label, too."""
    try:
        here, process = json.loads(asker)
        return bool(here == host.here()) and host.lives(process) is False
    except (ValueError, TypeError, OverflowError):
        return False


def _confinement(info: Mapping[str, Any]) -> dict[str, Any]:
    return {**_user(info), **_security(info), "init": True, "stop_signal": "SIGTERM",
            "read_only": True, "tmpfs": {"/tmp": _TMP}, "network_mode": "none",
            "log_config": LogConfig(type="none")}  # whoever started it reads what it writes


def _limits(wish: Resources, info: docker_info.Info) -> dict[str, Any]:
    limits = {"mem_limit": wish.memory, "memswap_limit": wish.memory, "pids_limit": _PIDS,
              "shm_size": wish.memory // 2}
    if "cores" in docker_info.unlimited(info):  # it refuses what is asked to have such a limit; others it leaves out
        return limits
    return {**limits, "nano_cpus": wish.cores * 10**9}


def _labels(job: Job) -> dict[str, str]:
    return {"ganfp.run": job.study, "ganfp.stage": job.stage.name, "ganfp.key": job.key,
            "ganfp.store": str(job.store)}


def _mounts(job: Job) -> list[Mount]:
    shown = job.shown("/in", "/config.json")
    read = [Mount(place, str(path), type="bind", read_only=True) for place, path in shown.items()]
    return [Mount("/out", str(job.out), type="bind"), *read]


def _user(info: Mapping[str, Any]) -> dict[str, Any]:
    """The calling user with all groups; in a rootless engine that is the one who is root inside.

    An engine that maps users to others would have files written that are nobody's.
    """
    if docker_info.is_rootless(info):
        return {"user": "0:0"}
    groups = [str(group) for group in os.getgroups()]
    user = {"user": f"{os.getuid()}:{os.getgid()}", "group_add": groups}
    return {**user, "userns_mode": "host"} if docker_info.maps_users(info) else user


def _security(info: Mapping[str, Any]) -> dict[str, Any]:
    """No capabilities, no new privileges; SELinux would hide files that bear no label for containers."""
    unlabelled = ["label=disable"] if docker_info.has_selinux(info) else []
    return {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges", *unlabelled]}
