"""What would run stages: does it answer, and can it keep stages within their limits?"""

from collections.abc import Mapping
from typing import Any

from orchestration.doctor import Finding
from orchestration.engines import Engine, choice

_OLDEST = (19, 3)
_LIMITS = {"MemoryLimit": "memory", "SwapLimit": "swap", "CpuCfsQuota": "cores",
           "PidsLimit": "processes"}


def find() -> tuple[Engine, list[Finding]]:
    """What runs stages by itself, and what there is to say. Raises NoEngine if none answers."""
    engine, silent = choice.best()
    findings = [Finding("warning", "engine", str(error)) for error in silent.values()]
    if engine.caution:
        findings.append(Finding("ok", "engine", engine.caution))
    return engine, findings


def judge(info: Mapping[str, Any]) -> list[Finding]:
    """What is to be said of a Docker Engine that tells `info` of itself."""
    version = str(info["ServerVersion"])
    findings = [Finding("ok", "engine", f"Docker {version}, storage driver {info.get('Driver')}")]
    if _numbers(version) < _OLDEST:
        findings.append(Finding("warning", "engine", f"Docker {version} is older than 19.03",
                                "install a newer one to use GPUs"))
    unlimited = [words for key, words in _LIMITS.items() if not info.get(key, True)]
    if unlimited:
        mend = "boot the kernel with cgroup_enable=memory swapaccount=1, or use cgroup version 2"
        findings.append(
            Finding("warning", "engine", f"it cannot limit {', '.join(unlimited)}", mend))
    return findings


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+")[0].split("-")[0].split(".") if part.isdigit())
