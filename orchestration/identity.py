"""What a stage is, for good: the key under which the store keeps it, and the record it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orchestration import hashing
from orchestration.images import Image, Recipe
from orchestration.stage import Plan, Stage


@dataclass(frozen=True)
class Identified:
    """A plan whose stages have keys.

    keys: by name of the stage. images: {(name, flavour): what a stage that says so runs in}.
    hashes: {path of a data file or folder: hash of what is in it}.
    """

    plan: Plan
    keys: Mapping[str, str]
    images: Mapping[tuple[str, str], Image]
    hashes: Mapping[str, str]

    def record(self, stage: Stage) -> dict[str, Any]:
        """What stage.json says of a stage: all that is needed to run it again."""
        return {
            "name": stage.name,
            "image": stage.image,
            "content": _content(self.images[stage.image, stage.flavour]),
            "flavour": stage.flavour,
            "command": list(stage.command),
            "config": dict(stage.config),
            "inputs": {mount: self.keys[name] for mount, name in stage.inputs.items()},
            "files": {mount: {"path": path, "sha256": self.hashes[path]} for mount, path in stage.files.items()},
            "resources": asdict(stage.resources),
        }


def identify(plan: Plan, find: Callable[[str, str], Image], file_hash: Callable[[str], str]) -> Identified:
    """Give every stage of `plan` its key: a hash of all that its output depends on.

    find: (image, flavour) -> what it is. file_hash: path -> the hash of a file
    or folder. Each is asked once.
    """
    images = {pair: find(*pair) for pair in dict.fromkeys((stage.image, stage.flavour) for stage in plan.stages)}
    paths = dict.fromkeys(path for stage in plan.stages for path in stage.files.values())
    hashes = {path: file_hash(path) for path in paths}
    keys: dict[str, str] = {}
    for stage in plan.stages:
        keys[stage.name] = hashing.digest(
            {
                "content": _content(images[stage.image, stage.flavour]),
                "flavour": stage.flavour,
                "command": list(stage.command),
                "config": dict(stage.config),
                "inputs": {mount: keys[name] for mount, name in stage.inputs.items()},
                "files": {mount: hashes[path] for mount, path in stage.files.items()},
            }
        )
    return Identified(plan, keys, images, hashes)


def _content(image: Image) -> str:
    return image.build if isinstance(image, Recipe) else image.content
