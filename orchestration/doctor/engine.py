"""What would run stages: does it answer, and can it keep stages within their limits?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestration import data
from orchestration.doctor import Finding
from orchestration.engines import Engine, choice, docker_info
from orchestration.errors import UserError
from orchestration.stage import Plan

_OLDEST = (19, 3)
_LIMITED = ("boot the kernel with cgroup_enable=memory swapaccount=1, or use cgroup version 2 (a rootless engine: "
            "have systemd delegate cpu, memory and pids); cores need a kernel with CFS bandwidth control")


def find(name: str | None) -> tuple[Engine, list[Finding]]:
    """The engine `name`, or what runs stages by itself, and what there is to say. Raises NoEngine if none answers."""
    engine, silent = choice.best() if name is None else (choice.connect(name), {})
    findings = [Finding("warning", "engine", str(error)) for error in silent.values()]
    if engine.caution:
        findings.append(Finding("ok", "engine", engine.caution))
    return engine, findings


def judge(info: Mapping[str, Any]) -> list[Finding]:
    """What is to be said of a Docker Engine that tells `info` of itself."""
    version, podman = str(info["ServerVersion"]), docker_info.is_podman(info)
    called = f"{'Podman' if podman else 'Docker'} {version}, storage driver {info.get('Driver')}"
    findings = [Finding("ok", "engine", called)]
    if special := _special(info):
        findings.append(Finding("ok", "engine", special))
    if not podman and _numbers(version) < _OLDEST:
        findings.append(Finding("warning", "engine", f"Docker {version} is older than 19.03",
                                "install a newer one to use GPUs"))
    if unlimited := docker_info.unlimited(info):
        text = f"stages run without some limits: it cannot limit {', '.join(unlimited)}"
        findings.append(Finding("warning", "engine", text, _LIMITED))
    return findings


def tried(engine: Engine, store: Path, plans: Mapping[str, Plan]) -> list[Finding]:
    """Whether stages can run that write below `store` and read what the plans name, as far as that is there."""
    paths = dict.fromkeys(path for plan in plans.values() for stage in plan.stages for path in stage.files.values())
    files = [file for path in paths for file in data.own_files(path).values()]
    try:
        engine.check(store, files, lambda line: None)
    except UserError as error:
        return [Finding("problem", "engine", str(error))]
    except OSError:  # of the store, as machine.disks says
        pass
    return []


def _special(info: Mapping[str, Any]) -> str:
    """How stages run, where that is not as usual."""
    told = {"rootless: you are root in a container": docker_info.is_rootless(info),
            "it remaps users: stages run in the host's user namespace": docker_info.maps_users(info),
            "SELinux: stages run with label=disable": docker_info.has_selinux(info)}
    return "; ".join(words for words, holds in told.items() if holds)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+")[0].split("-")[0].split(".") if part.isdigit())
