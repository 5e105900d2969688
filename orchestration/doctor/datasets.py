"""The files that users download: are they there, and are they what they should be?"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from orchestration import data
from orchestration.doctor import Finding, severity
from orchestration.stage import Plan


def check(plans: Mapping[str, Plan], needed: bool) -> list[Finding]:
    """Look at the data of every study. plans: by the name of the manifest. needed: whether it blocks."""
    return [finding for name, plan in plans.items() for finding in _study(name, plan, needed)]


def _study(name: str, plan: Plan, needed: bool) -> list[Finding]:
    missing = data.missing(plan)
    findings = [
        Finding(
            severity(needed),
            "data",
            f"{name}: {path} is not there; {', '.join(stages)} needs it",
            f"download it and put it at {Path(path).absolute()}; {name} says where it comes from",
        )
        for path, stages in missing.items()
    ]
    there = {path for stage in plan.stages for path in stage.files.values()} - set(missing)
    return findings + [_file(name, Path(path)) for path in sorted(there) if Path(path).exists()]


def _file(name: str, path: Path) -> Finding:
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        return Finding(
            "problem",
            "data",
            f"{name}: {path} is no zip archive; a download page answers so when its quota is spent",
            "download it again, tomorrow perhaps",
        )
    return Finding("ok", "data", f"{name}: {path} is there")
