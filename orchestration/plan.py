"""manifest -> plan: a pure function. No Docker, no files, no clock.

    data ─┬─> SOURCE/train ──> SOURCE/generate ─┬─> attribution/train ──> attribution/evaluate ──> report
          └─────────────────────────────────────┘
A source with a published checkpoint has SOURCE/import in place of SOURCE/train. The report sees everything.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from orchestration.manifest import REAL, Manifest, Needs, Source
from orchestration.stage import Plan, Resources, Stage

_GIB = 1 << 30
_DATASET_NAMES = {"photos": "photos", "celeba": "CelebA", "lsun": "LSUN bedroom"}
_DATA, _CLASSIFIER, _EVALUATION, _REPORT = "data", "attribution/train", "attribution/evaluate", "report"


def expand(manifest: Manifest) -> Plan:
    """The plan of the study that `manifest` describes."""
    sources = [stage for name, source in manifest.sources.items() for stage in _source_stages(manifest, name, source)]
    stages = [_data(manifest), *sources, _train_classifier(manifest), _evaluate(manifest)]
    stages.append(_report(manifest, stages))
    return Plan(manifest.study, tuple(stages), {"report": _REPORT, "attribution": _CLASSIFIER})


def mount(stage: str) -> str:
    """The name under which the output of a stage is mounted."""
    return stage.replace("/", "-")


def _data(manifest: Manifest) -> Stage:
    dataset = manifest.dataset
    archive = ("--archive", "{in}/archive") if dataset.archive else ()
    return Stage(
        name=_DATA, image="real", flavour="cpu", resources=_resources(manifest.resources.data, cores=1, memory=2),
        command=(dataset.kind, *archive, "--config", "{config}", "--seed", str(manifest.seed), "--out", "{out}"),
        config={"resolution": manifest.resolution, **manifest.images.model_dump()},
        files={"archive": dataset.archive} if dataset.archive else {})


def _source_stages(manifest: Manifest, name: str, source: Source) -> tuple[Stage, Stage]:
    model = _import(manifest, name, source) if source.checkpoint else _train(manifest, name, source)
    return model, _generate(manifest, name, source, model.name)


def _train(manifest: Manifest, name: str, source: Source) -> Stage:
    return Stage(
        name=f"{name}/train", image=source.image, flavour=manifest.device,
        resources=_resources(manifest.resources.train, cores=1, memory=8, gpus=_gpus(manifest)),
        command=("train", "--images", "{in}/data/gan", "--config", "{config}", "--seed", str(_seed(manifest, source)),
                 "--device", manifest.device, "--out", "{out}"),
        config=source.settings, inputs={"data": _DATA})


def _import(manifest: Manifest, name: str, source: Source) -> Stage:
    # TensorFlow's checkpoints are several files with a common prefix: their folder is mounted, and hashed, whole.
    checkpoint = PurePath(source.checkpoint or "")
    return Stage(
        name=f"{name}/import", image=source.image, flavour=manifest.device,
        resources=_resources(manifest.resources.generate, cores=1, memory=4),
        command=("import", "--checkpoint", f"{{in}}/checkpoint/{checkpoint.name}", "--out", "{out}"),
        files={"checkpoint": str(checkpoint.parent)})


def _generate(manifest: Manifest, name: str, source: Source, model: str) -> Stage:
    images = manifest.images
    return Stage(
        name=f"{name}/generate", image=source.image, flavour=manifest.device,
        resources=_resources(manifest.resources.generate, cores=1, memory=4, gpus=_gpus(manifest)),
        command=("generate", "--model", f"{{in}}/{mount(model)}",
                 "--count", str(images.train + images.validation + images.test), "--seed", str(manifest.seed),
                 "--quantize", manifest.quantize, "--device", manifest.device, "--out", "{out}"),
        inputs={mount(model): model})


def _train_classifier(manifest: Manifest) -> Stage:
    images = manifest.images
    return Stage(
        name=_CLASSIFIER, image="attribution", flavour=manifest.device,
        resources=_resources(manifest.resources.attribution, cores=2, memory=8, gpus=_gpus(manifest)),
        command=("train", *_classes(manifest), "--config", "{config}", "--seed", str(manifest.seed),
                 "--device", manifest.device, "--out", "{out}"),
        config={**manifest.attribution.settings, "train": images.train, "validation": images.validation},
        inputs=_image_sets(manifest))


def _evaluate(manifest: Manifest) -> Stage:
    images = manifest.images
    return Stage(
        name=_EVALUATION, image="attribution", flavour=manifest.device,
        resources=_resources(manifest.resources.attribution, cores=2, memory=8, gpus=_gpus(manifest)),
        command=("evaluate", "--model", f"{{in}}/{mount(_CLASSIFIER)}", *_classes(manifest),
                 "--first", str(images.train + images.validation), "--count", str(images.test),
                 "--device", manifest.device, "--out", "{out}"),
        inputs={mount(_CLASSIFIER): _CLASSIFIER, **_image_sets(manifest)})


def _report(manifest: Manifest, stages: list[Stage]) -> Stage:
    return Stage(
        name=_REPORT, image="attribution", flavour=manifest.device, resources=_resources(Needs(), cores=1, memory=2),
        command=("report", "--config", "{config}", "--inputs", "{in}", "--out", "{out}"),
        config=_findings(manifest), inputs={mount(stage.name): stage.name for stage in stages})


def _findings(manifest: Manifest) -> dict[str, Any]:
    """Where the report finds what: folders below its inputs."""
    return {
        "study": manifest.study, "resolution": manifest.resolution,
        "dataset": _DATASET_NAMES[manifest.dataset.kind], "manifest": manifest.model_dump(),
        "real": {"name": REAL, "images": "data/attribution"},
        "sources": [{"name": name, "model": f"{name}-{'import' if source.checkpoint else 'train'}",
                     "images": f"{name}-generate"} for name, source in manifest.sources.items()],
        "classifier": mount(_CLASSIFIER), "evaluation": mount(_EVALUATION)}


def _classes(manifest: Manifest) -> tuple[str, ...]:
    """The arguments that name each class and its image set, real images first."""
    sets = {REAL: "data/attribution"} | {name: f"{name}-generate" for name in manifest.sources}
    return tuple(word for name, folder in sets.items() for word in ("--images", f"{name}={{in}}/{folder}"))


def _image_sets(manifest: Manifest) -> dict[str, str]:
    return {"data": _DATA} | {f"{name}-generate": f"{name}/generate" for name in manifest.sources}


def _seed(manifest: Manifest, source: Source) -> int:
    return manifest.seed if source.seed is None else source.seed


def _gpus(manifest: Manifest) -> int:
    return 1 if manifest.device == "cuda" else 0


def _resources(stated: Needs, cores: int, memory: int, gpus: int = 0) -> Resources:
    """What a stage needs, `stated` before the usual. memory: GiB."""
    return Resources(gpus=gpus, cores=stated.cores or cores, memory=stated.memory or memory * _GIB)
