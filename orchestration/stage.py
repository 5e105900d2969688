"""A stage, one container run, and a plan, the acyclic graph of stages that a manifest expands to.

A command is a list of words in which the placeholders below stand for paths, as each engine mounts
things elsewhere:
    {in}       the folder of inputs: {in}/NAME is the finished stage or the file mounted as NAME
    {out}      the folder the stage writes to, and the only one it may write to
    {config}   the stage's configuration, a JSON file
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Resources:
    """What a stage asks of the machine. memory: bytes, also the limit it runs under."""

    gpus: int
    cores: int
    memory: int


@dataclass(frozen=True)
class Node:
    """A host that stages run on. gpus: their ids; empty where the engine gives them out itself.

    slots_per_gpu: how many stages have one of them at once.
    """

    name: str
    resources: Resources
    gpus: tuple[str, ...] = ()
    slots_per_gpu: int = 1

    def shared(self, slots: int) -> Node:
        """The same host with so many stages at once on each of its GPUs, if they are ours to give."""
        if not self.gpus:
            return self
        return replace(self, resources=replace(self.resources, gpus=len(self.gpus) * slots), slots_per_gpu=slots)


@dataclass(frozen=True)
class Stage:
    """One container run.

    name: unique in the plan, such as "SNGAN/train". image: a folder of containers/, or any image reference.
    flavour: "cpu" or "cuda", for images that have both. inputs: {mount name: name of the stage it shows}.
    files: {mount name: path on this machine}, data that no stage makes: a file, a folder, or the common
    beginning of several files, as TensorFlow writes its checkpoints. kinds: {mount name: kind of data set} of
    those of them that are one, as datasets/kinds.py calls it. modules: what of our own code it runs beside
    what its command names. images: how many it writes. stands_for: the stage whose output it makes, bit for bit,
    out of parts that are its inputs and serve nothing else; its key is that one's.
    """

    name: str
    image: str
    flavour: str
    command: tuple[str, ...]
    resources: Resources
    config: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    images: int = 0
    stands_for: Stage | None = None


@dataclass(frozen=True)
class Plan:
    """The stages of a study, each after those it needs. results: {what: name of the stage that makes it}.

    results has "report", the page; "model", the method that knows every source, and "fingerprints", the
    visualisation network that does, if they were asked for.
    shares: {experiment: how many stages it needs that none before it does}. written: bytes of all image sets.
    slots_per_gpu: how many stages share a GPU.
    """

    study: str
    stages: tuple[Stage, ...]
    results: Mapping[str, str]
    shares: Mapping[str, int] = field(default_factory=dict)
    written: int = 0
    slots_per_gpu: int = 1


def parts(stages: Iterable[Stage]) -> set[str]:
    """The names of the stages that make parts of what some of `stages` put together."""
    return {name for stage in stages if stage.stands_for for name in stage.inputs.values()}
