"""The files that users download."""

from collections.abc import Mapping

from orchestration import data
from orchestration.doctor import Finding, severity
from orchestration.stage import Plan


def check(plans: Mapping[str, Plan], needed: bool) -> list[Finding]:
    """Look at the data of every study. plans: by the name of the manifest. needed: whether it blocks."""
    return [finding for name, plan in plans.items() for finding in _study(name, plan, needed)]


def _study(name: str, plan: Plan, needed: bool) -> list[Finding]:
    problems = data.problems(plan)
    if problems:
        source = f"{name} says where it comes from"
        return [Finding(severity(needed), "data", f"{path}: {text}", source) for path, text in problems.items()]
    count = sum(len(stage.files) for stage in plan.stages)
    return [Finding("ok", "data", f"{name}: all that it takes is there ({count} files or folders)")]
