"""manifest -> plan: a pure function. No Docker, no files, no clock.

    data ─┬─> SOURCE/train ──> SOURCE/generate ─┬─> METHOD/train ──> METHOD/attribute ──> EXPERIMENT/measure ──> report
          └─────────────────────────────────────┘
A source with a published checkpoint has SOURCE/import in place of SOURCE/train. What else there is, the
experiments of the manifest ask for (study.py); equal stages are one. With `shards`, SOURCE/generate puts
SOURCE/generate-1of3 and so on together. The report sees everything but these parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import experiments
from datasets import kinds
from orchestration.errors import UserError
from orchestration.manifest import REAL, Dataset, Manifest, experiment_settings
from orchestration.stage import Plan, Resources, Stage, parts
from orchestration.study import Handle, Study, mount

_SMALL = Resources(gpus=0, cores=1, memory=2 << 30)


def expand(manifest: Manifest, only: Sequence[str] = ()) -> Plan:
    """The plan of the study that `manifest` describes; of the experiments `only`, if there are any.

    Raises UserError for an experiment that the manifest does not have, or that it gives no sense.
    """
    chosen = _chosen(manifest, only)
    study, measures, shares = Study(manifest), list[Stage](), dict[str, int]()
    for name, settings in chosen.items():
        before = len(study.stages)
        measures.append(_measure(manifest, name, settings, _steps(name, study, settings)))
        shares[name] = len(study.stages) - before + 1
    stages = (*study.stages, *measures)
    report = _report(manifest, stages, list(chosen))
    written = sum(stage.images for stage in stages) * 3 * manifest.resolution ** 2
    return Plan(manifest.study, (*stages, report), _results(study, report), shares, written,
                manifest.slots_per_gpu)


def _chosen(manifest: Manifest, only: Sequence[str]) -> dict[str, Any]:
    for name in only:
        if name not in manifest.experiments:
            raise UserError(f"--experiment {name}: the manifest has {', '.join(manifest.experiments)}")
    return {name: settings for name, settings in experiment_settings(manifest).items()
            if name in (only or [name])}


def _steps(name: str, study: Study, settings: Any) -> Mapping[str, Handle]:
    try:
        handles: Mapping[str, Handle] = experiments.load(name).steps(study, settings)
    except (ValueError, UserError) as error:
        raise UserError(f"experiments.{name}: {error}") from error
    return handles


def _measure(manifest: Manifest, name: str, settings: Any, needs: Mapping[str, Handle]) -> Stage:
    places = [[what, handle.place] for what, handle in needs.items()]  # a list: it has an order
    return Stage(
        name=f"{name}/measure", image="analysis", flavour="cpu", resources=_SMALL,
        command=("measure", name, "--config", "{config}", "--inputs", "{in}", "--out", "{out}"),
        modules=(f"experiments.{name}",),
        config={"settings": settings._asdict(), "inputs": places, "rows": manifest.images.rows},
        inputs={mount(handle.stage): handle.stage for handle in needs.values()})


def _report(manifest: Manifest, stages: Sequence[Stage], chosen: Sequence[str]) -> Stage:
    unseen = parts(stages)
    places = {stage.name: mount(stage.name) for stage in stages if stage.name not in unseen}
    shown = {name: places.get(f"{name}/generate") for name in manifest.sources}
    trained = {name: places.get(f"{name}/train") for name in (*manifest.sources, *manifest.methods)}
    return Stage(
        name="report", image="analysis", flavour="cpu", resources=_SMALL,
        command=("report", "--config", "{config}", "--inputs", "{in}", "--out", "{out}"),
        modules=tuple(f"experiments.{name}" for name in chosen),
        config={
            "study": manifest.study, "resolution": manifest.resolution,
            "dataset": _dataset_name(manifest.dataset),
            "manifest": manifest.model_dump(mode="json"),
            "experiments": [[name, mount(f"{name}/measure")] for name in chosen],
            "images": [[REAL, "data/attribution"], *([name, place] for name, place in shown.items() if place)],
            "trainings": [[name, place] for name, place in trained.items() if place]},
        inputs={place: name for name, place in places.items()})


def _dataset_name(dataset: Dataset) -> str:
    return kinds.load(dataset.kind).name(Path(dataset.archive)) if dataset.archive else dataset.kind


def _results(study: Study, report: Stage) -> dict[str, str]:
    """The stages that are asked for by what they are: the page, and methods that know every source."""
    known = {stage.name for stage in study.stages}
    visnets = [name for name in study.methods if study.settings(name).get("network") == "visnet"]
    wanted = {"model": study.methods[:1], "fingerprints": visnets[:1]}
    return {"report": report.name} | {what: f"{name}/train" for what, names in wanted.items()
                                      for name in names if f"{name}/train" in known}
