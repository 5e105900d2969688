"""A study while it is being planned: what experiments ask for becomes stages, equal ones only once.

It is what an experiment's `steps` is given. Every method returns a handle to what a stage will make; the
sets that are told apart go as {label: handle}. Pure: no Docker, no files, no clock.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from datasets import kinds
from orchestration import checkpoints, shards
from orchestration.errors import UserError
from orchestration.manifest import REAL, Dataset, Manifest, Needs, Source, Subset
from orchestration.stage import Resources, Stage

_GIB = 1 << 30
_DATA = "data"


@dataclass(frozen=True)
class Handle:
    """What a stage makes. folder: the part of it that is meant, below its output; "" for all of it."""

    stage: str
    folder: str = ""

    @property
    def place(self) -> str:
        """Where it is below the folder of inputs."""
        return f"{mount(self.stage)}/{self.folder}" if self.folder else mount(self.stage)


def mount(stage: str) -> str:
    """The name under which the output of a stage is mounted."""
    return stage.replace("/", "-")


class Study:
    """The study that a manifest describes.

    sources, methods: their names, in the manifest's order. resolution: pixels. gan_images: how many real
    images there are for GANs to learn from.
    """

    REAL = REAL

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._stages: dict[str, Stage] = {}
        self.sources, self.methods = tuple(manifest.sources), tuple(manifest.methods)
        self.resolution, self.gan_images = manifest.resolution, manifest.images.gan

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What was asked for so far, each stage after those it needs."""
        return tuple(self._stages.values())

    def real(self, part: str = "attribution") -> Handle:
        """Real images: those of "attribution", of the three uses, or those that GANs learn from, "gan"."""
        manifest, dataset = self._manifest, self._manifest.dataset
        shown = _shown(dataset)
        archive = ("--archive", f"{{in}}/{shown}") if dataset.archive else ()
        return replace(self._add(Stage(
            name=_DATA, image="real", flavour="cpu",
            resources=_resources(manifest.resources.data, cores=1, memory=2),
            command=(dataset.kind, *archive, "--config", "{config}", "--seed", str(manifest.seed),
                     "--out", "{out}"),
            config={"resolution": manifest.resolution, **manifest.images.model_dump()},
            files={shown: dataset.archive} if dataset.archive else {},
            kinds={shown: dataset.kind} if dataset.archive else {},
            images=manifest.images.gan + manifest.images.uses)), folder=part)

    @staticmethod
    def subset(first: int, last: int) -> Subset:
        """The first and the last so many of the real images that GANs learn from."""
        return Subset(first=first, last=last)

    def model(self, source: str, *, seed: int | None = None, subset: Subset | None = None) -> Handle:
        """A source of the manifest, trained; or with another seed, or on a part of the images alone.

        Raises UserError for what is no source, or is a published checkpoint and cannot be trained.
        """
        stated = self._source(source)
        if stated.checkpoint:
            if seed is not None or subset is not None:
                raise UserError(
                    f"sources.{source}: is a published checkpoint, and this experiment asks for trainings of it; "
                    "name another source in its settings, or leave it out (--experiment NAME runs others alone)")
            return self._import(source, stated, stated.checkpoint)
        own = self._manifest.seed if stated.seed is None else stated.seed
        name = source + (f"-seed-{seed}" if seed not in (None, own) else "")
        name += f"-{subset.first}+{subset.last}" if subset not in (None, stated.subset) else ""
        return self._train(name, stated, own if seed is None else seed, subset or stated.subset)

    def novelty(self, source: str) -> str:
        """What no other source has: its "architecture", this "training" of it, its "seed" alone."""
        stated = self._source(source)
        kin = [other for name, other in self._manifest.sources.items()
               if name != source and other.image == stated.image]
        twins = [other for other in kin if other.model_copy(update={"seed": stated.seed}) == stated]
        return "seed" if twins else "training" if kin else "architecture"

    def images(self, source: str, *, seed: int | None = None, subset: Subset | None = None,
               sampling_seed: int | None = None, count: int | None = None,
               quantize: str | None = None) -> Handle:
        """Images of `model(source, seed, subset)`: as many, from the seed and quantised as the manifest says."""
        manifest, model = self._manifest, self.model(source, seed=seed, subset=subset)
        count = count or manifest.images.uses
        sampling_seed = manifest.seed if sampling_seed is None else sampling_seed
        return self._generated(Stage(
            name=f"{model.stage.rpartition('/')[0]}/generate", image=self._source(source).image,
            flavour=manifest.device,
            resources=_resources(manifest.resources.generate, cores=1, memory=4,
                                 gpus=_gpus(manifest.device)),
            command=("generate", "--model", f"{{in}}/{model.place}",
                     "--count", str(count),
                     "--seed", str(sampling_seed), "--quantize", quantize or manifest.quantize,
                     "--device", manifest.device, "--out", "{out}"),
            inputs=_inputs(model), images=count))

    def perturbed(self, images: Handle, kind: str, *, tests: int | None = None,
                  **settings: Any) -> Handle:
        """`images`, perturbed, each row at its place: the set can stand for `images` everywhere.

        kind, settings: as attribution/perturbations.py names them. tests: no rows but the first so
        many test images, or all there are; `scores` knows them as rows="all".
        """
        manifest, (first, count) = self._manifest, self._rows("test")
        part = () if tests is None else _part(first, min(tests, count))
        return self._add(Stage(
            name=f"{images.stage.rpartition('/')[0] or REAL}-{kind}/perturb", image="attribution",
            flavour=manifest.device,
            resources=_resources(manifest.resources.data, cores=1, memory=2),
            command=("perturb", "--images", f"{{in}}/{images.place}", "--config", "{config}", *part,
                     "--seed", str(manifest.seed), "--out", "{out}"),
            config={"kind": kind, **settings}, inputs=_inputs(images),
            images=min(tests, count) if tests is not None else manifest.images.uses))

    def removed(self, model: Handle, images: Handle, label: str, *, epsilon: int, tests: int,
                **settings: Any) -> Handle:
        """The first `tests` test images of `label`, changed so that `model` takes them for another's.

        epsilon, settings: as attribution/remove.py names them. `scores` knows the rows as "all".
        """
        manifest, trained, (first, count) = self._manifest, self._stages[model.stage], self._rows("test")
        return self._add(Stage(
            name=f"{images.stage.rpartition('/')[0] or REAL}-removed-{epsilon}/remove", image=trained.image,
            flavour=trained.flavour,
            resources=_resources(manifest.resources.attribution, cores=2, memory=8,
                                 gpus=_gpus(trained.flavour)),
            command=("remove", "--model", f"{{in}}/{model.place}", *_named({label: images}),
                     *_part(first, min(tests, count)), "--config", "{config}", "--seed", str(manifest.seed),
                     "--device", trained.flavour, "--out", "{out}"),
            config={"epsilon": epsilon, **settings}, inputs=_inputs(model, images), images=min(tests, count)))

    def every_source(self) -> dict[str, Handle]:
        """Real images and those of every source of the manifest, by the names they have there."""
        return {REAL: self.real()} | {name: self.images(name) for name in self.sources}

    def settings(self, method: str) -> Mapping[str, Any]:
        """The settings of a method that the manifest states."""
        return self._manifest.methods[method].settings

    def trained(self, method: str, sets: Mapping[str, Handle], name: str = "", *,
                settings: Mapping[str, Any] | None = None, start: Handle | None = None,
                seed: int | None = None) -> Handle:
        """A method that has learnt to tell `sets` apart. name: of what for, where not of every source.

        settings: what differs from the manifest's; None: nothing does. start: a trained model that it goes on from.
        seed: of the training, in place of the manifest's.
        """
        manifest, stated = self._manifest, self._manifest.methods[method]
        device = stated.device or manifest.device
        begin = ("--start", f"{{in}}/{start.place}") if start else ()
        differing = {key: value for key, value in (settings or {}).items() if value is not None}
        return self._add(Stage(
            name=f"{method}{'-' * bool(name)}{name}/train", image=stated.image, flavour=device,
            resources=_resources(manifest.resources.attribution, cores=2, memory=8,
                                 gpus=_gpus(device)),
            command=("train", *_named(sets), "--train", str(manifest.images.train),
                     "--validation", str(manifest.images.validation), *begin, "--config", "{config}",
                     "--seed", str(manifest.seed if seed is None else seed), "--device", device, "--out", "{out}"),
            config={**stated.settings, **differing},
            inputs=_inputs(*sets.values(), *([start] if start else []))))

    def scores(self, model: Handle, sets: Mapping[str, Handle], rows: str = "test") -> Handle:
        """The scores that a method gives `sets`: their "test", "validation" or "all" images."""
        return self._attributed(model, sets, () if rows == "all" else _part(*self._rows(rows)))

    def fingerprints(self, model: Handle, sets: Mapping[str, Handle], tests: int) -> Handle:
        """Scores and fingerprints of the first `tests` test images, or of all there are, by a visnet."""
        first, count = self._rows("test")
        return self._attributed(model, sets, (*_part(first, min(tests, count)), "--fingerprints"))

    def _attributed(self, model: Handle, sets: Mapping[str, Handle], more: tuple[str, ...]) -> Handle:
        manifest, trained = self._manifest, self._stages[model.stage]
        return self._add(Stage(
            name=f"{model.stage.rpartition('/')[0]}/attribute", image=trained.image,
            flavour=trained.flavour,
            resources=_resources(manifest.resources.attribution, cores=2, memory=8,
                                 gpus=_gpus(trained.flavour)),
            command=("attribute", "--model", f"{{in}}/{model.place}", *_named(sets), *more,
                     "--device", trained.flavour, "--out", "{out}"),
            inputs=_inputs(model, *sets.values())))

    def perceived(self, sets: Mapping[str, Handle], rows: str = "test") -> Handle:
        """General features of `sets`, of a network that knows ImageNet: `lab.features` reads them.

        rows: their "train", "validation", "test" or "all" images.
        """
        part = () if rows == "all" else _part(*self._rows(rows))
        return self._perceive("perception/features", ("features", *_named(sets), *part),
                              *sets.values())

    def nearest(self, images: Handle, reference: Handle, *, tests: int | None = None,
                among: int | None = None) -> Handle:
        """How far each test image of `images` looks from the nearest training image of `reference`.

        `lab.distances` reads it. tests, among: the first so many test and training images alone.
        """
        (first, count), (_, known) = self._rows("test"), self._rows("train")
        place = images.stage.rpartition("/")[0] or REAL
        return self._perceive(
            f"{place}/nearest",
            ("nearest", "--images", f"{{in}}/{images.place}", *_part(first, min(tests or count, count)),
             "--reference", f"{{in}}/{reference.place}",
             "--reference-count", str(min(among or known, known))), images, reference)

    def _perceive(self, name: str, words: tuple[str, ...], *inputs: Handle) -> Handle:
        manifest = self._manifest
        return self._add(Stage(
            name=name, image="perception", flavour=manifest.device,
            resources=_resources(manifest.resources.attribution, cores=2, memory=8,
                                 gpus=_gpus(manifest.device)),
            command=(*words, "--device", manifest.device, "--out", "{out}"),
            inputs=_inputs(*inputs)))

    def _generated(self, whole: Stage) -> Handle:
        """What `whole` makes, by itself or in parts that one more stage puts together."""
        parts = [self._add(part) for part in shards.split(whole, self._manifest.shards)]
        if len(parts) == 1:
            return parts[0]
        named = (word for part in parts for word in ("--images", f"{{in}}/{part.place}"))
        return self._add(Stage(
            name=whole.name, image="real", flavour="cpu",
            resources=_resources(self._manifest.resources.data, cores=1, memory=2),
            command=("join", *named, "--out", "{out}"),
            inputs=_inputs(*parts), images=whole.images, stands_for=whole))

    def _rows(self, rows: str) -> tuple[int, int]:
        """The first row of a use of the images, and how many there are."""
        return self._manifest.images.rows[rows]

    def _source(self, name: str) -> Source:
        if name not in self._manifest.sources:
            raise UserError(f"there is no source {name}; the manifest has {', '.join(self.sources)}")
        return self._manifest.sources[name]

    def _train(self, name: str, source: Source, seed: int, subset: Subset | None) -> Handle:
        manifest, real = self._manifest, self.real("gan")
        part = ("--subset", f"{subset.first}+{subset.last}") if subset else ()
        return self._add(Stage(
            name=f"{name}/train", image=source.image, flavour=manifest.device,
            resources=_resources(manifest.resources.train, cores=1, memory=8,
                                 gpus=_gpus(manifest.device)),
            command=("train", "--images", f"{{in}}/{real.place}", *part, "--config", "{config}",
                     "--seed", str(seed), "--device", manifest.device, "--out", "{out}"),
            config=source.settings, inputs=_inputs(real)))

    def _import(self, name: str, source: Source, checkpoint: str) -> Handle:
        path = checkpoints.prefix(os.path.normpath(checkpoint))
        shown = place = f"checkpoint/{PurePath(path).name}"
        if PurePath(path).name == "checkpoint":  # so TensorFlow calls its note of what lies beside it
            path, place = str(PurePath(path).parent), "checkpoint"
        return self._add(Stage(
            name=f"{name}/import", image=source.image, flavour=self._manifest.device,
            resources=_resources(self._manifest.resources.generate, cores=1, memory=4),
            command=("import", "--checkpoint", f"{{in}}/{shown}",
                     "--resolution", str(self._manifest.resolution), "--out", "{out}"),
            files={place: path}))

    def _add(self, stage: Stage) -> Handle:
        """The handle of `stage`, or of the equal one that is there; a name that is taken gets a number."""
        for known in self._stages.values():
            if replace(known, name=stage.name) == stage:
                return Handle(known.name)
        name, number = stage.name, 2
        while name in self._stages:
            name, number = f"{stage.name}-{number}", number + 1
        self._stages[name] = replace(stage, name=name)
        return Handle(name)


def _shown(dataset: Dataset) -> str:
    """The name under which a data set is mounted. LSUN's says what is to be seen: archive/church_outdoor."""
    if dataset.kind != "lsun" or dataset.archive is None:
        return "archive"
    return f"archive/{kinds.load('lsun').name(Path(dataset.archive)).removeprefix('LSUN ').replace(' ', '_')}"


def _named(sets: Mapping[str, Handle]) -> tuple[str, ...]:
    """The arguments that name each label and its image set."""
    return tuple(word for label, handle in sets.items()
                 for word in ("--images", f"{label}={{in}}/{handle.place}"))


def _part(first: int, count: int) -> tuple[str, ...]:
    """The arguments that name some of the rows."""
    return ("--first", str(first), "--count", str(count))


def _inputs(*handles: Handle) -> dict[str, str]:
    return {mount(handle.stage): handle.stage for handle in handles}


def _gpus(device: str) -> int:
    return 1 if device == "cuda" else 0


def _resources(stated: Needs, cores: int, memory: int, gpus: int = 0) -> Resources:
    """What a stage needs, `stated` before the usual. memory: GiB."""
    return Resources(gpus=gpus, cores=stated.cores or cores, memory=stated.memory or memory * _GIB)
