"""Disk, memory, cores and data against what the stages of a study ask for."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from orchestration import data, ownership
from orchestration.doctor import Finding, severity
from orchestration.stage import Node, Plan

_GIB = 1 << 30
_IMAGES_BYTES = 20 * _GIB  # all images, with what building them needs for a while
_STORE_BYTES = 5 * _GIB
_OTHER_DISK = "free some, or choose another disk: run --store DIR"


def disks(store: Path, docker_root: Path | None) -> list[Finding]:
    """Room for images and for finished stages."""
    places = [("store", existing(store), _STORE_BYTES, _OTHER_DISK)]
    if docker_root is not None and os.path.exists(docker_root):  # not on another machine, nor out of sight
        mend = "free some (docker system prune), or give the engine another data-root"
        places.append(("images", docker_root, _IMAGES_BYTES, mend))
    return [*_closed(existing(store)), *(_disk(name, place, wanted, mend) for name, place, wanted, mend in places)]


def room(plans: Mapping[str, Plan], store: Path) -> list[Finding]:
    """Room in the store for the image sets of every study. plans: by the manifest's name."""
    place = existing(store)
    free = shutil.disk_usage(place).free
    return [_room(f"{name} writes {plan.written / _GIB:.1f} GiB of images, beside its models; {free / _GIB:.1f} GiB "
                  f"are free at {place}", free >= plan.written) for name, plan in plans.items()]


def fits(plans: Mapping[str, Plan], nodes: Sequence[Node], needed: bool) -> list[Finding]:
    """Is there a node for every stage?

    plans: by the name of the manifest. needed: whether it blocks if not.
    """
    findings = [Finding("ok", "machine", f"{node.resources.cores} cores, "
                        f"{node.resources.memory / _GIB:.0f} GiB of memory") for node in nodes]
    for name, plan in plans.items():
        cores = max(stage.resources.cores for stage in plan.stages)
        memory = max(stage.resources.memory for stage in plan.stages)
        has = [node.resources for node in nodes]
        if not any(cores <= each.cores and memory <= each.memory for each in has):
            asked = f"{name}: a stage asks for {cores} cores and {memory / _GIB:g} GiB"
            text, mend = f"{asked}, more than there is", f"lower `resources` in {name}"
            findings.append(Finding(severity(needed), "machine", text, mend))
    return findings


def datasets(plans: Mapping[str, Plan], needed: bool) -> list[Finding]:
    """Look at the data of every study. plans: by the manifest's name. needed: whether it blocks."""
    return [finding for name, plan in plans.items() for finding in _data_of(name, plan, needed)]


def _data_of(name: str, plan: Plan, needed: bool) -> list[Finding]:
    if problems := data.problems(plan) or data.flaws(plan.stages):
        source = f"{name} says where it comes from"
        return [Finding(severity(needed), "data", f"{path}: {text}", source if "put it at" in text else "")
                for path, text in problems.items()]
    count = sum(len(stage.files) for stage in plan.stages)
    return [Finding("ok", "data", f"{name}: all that it takes is there ({count} files or folders)")]


def _disk(name: str, place: Path, wanted: int, mend: str) -> Finding:
    free = shutil.disk_usage(place).free
    text = f"{free / _GIB:.1f} GiB free for {name} at {place}"
    if free >= wanted:
        return Finding("ok", "disk", text)
    return Finding("warning", "disk", f"{text}; {wanted / _GIB:.0f} GiB are advised", mend)


def _room(text: str, enough: bool) -> Finding:
    return Finding("ok", "disk", text) if enough else Finding("warning", "disk", text, _OTHER_DISK)


def _closed(place: Path) -> list[Finding]:
    if os.access(place, os.W_OK | os.X_OK, effective_ids=True):
        return []
    mend = ownership.mend(place, "let us write there") + " choose another place: run --store DIR"
    return [Finding("problem", "disk", f"{place}: the store cannot be written there", mend)]


def existing(path: Path) -> Path:
    """The folder that `path` is, or would come to lie in; absolute."""
    return path.absolute() if os.path.exists(path) else existing(path.absolute().parent)
