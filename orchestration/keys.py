"""What a stage is, for good: the key under which the store keeps it, and the record it keeps.

A key holds all that the output of a stage depends on, and nothing else; docs/keys.md says what that is.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestration import data, hashing
from orchestration.images import Image, Recipe
from orchestration.images.code import reach
from orchestration.stage import Plan, Stage, parts


@dataclass(frozen=True)
class KeyedPlan:
    """A plan whose stages have keys.

    keys: by name of the stage. images: {(name, flavour): what it runs in}. code: {name of the stage: hash of
    the code of ours that it reaches}. hashes: {path of data: hash of what is in it}.
    """

    plan: Plan
    keys: Mapping[str, str]
    images: Mapping[tuple[str, str], Image]
    code: Mapping[str, str]
    hashes: Mapping[str, str]

    def image(self, stage: Stage) -> Image:
        """What a stage runs in."""
        return self.images[stage.image, stage.flavour]

    def given(self, stage: Stage) -> dict[str, Path]:
        """{mount name: file or folder} of the data that a stage is shown, links resolved."""
        return {f"{mount}{suffix}": file for mount, path in stage.files.items()
                for suffix, file in data.shown(path, stage.kinds.get(mount)).items()}

    def needed(self, finished: Callable[[str], bool]) -> list[Stage]:
        """All stages, but for the parts of what is there as a whole.

        finished: whether the stage of a key is in the store.
        """
        stages = self.plan.stages
        begun = [stage for stage in stages if stage.stands_for and not finished(self.keys[stage.name])]
        spent = parts(stages) - parts(begun)
        return [stage for stage in stages if stage.name not in spent]

    def record(self, stage: Stage) -> dict[str, Any]:
        """What stage.json says of a stage: all that is needed to run it again."""
        return {
            "study": self.plan.study, "name": stage.name, "image": stage.image,
            "flavour": stage.flavour, "content": self.image(stage).content,
            "code": self.code[stage.name], "command": list(stage.command),
            "config": dict(stage.config), "resources": asdict(stage.resources),
            "inputs": {mount: self.keys[name] for mount, name in stage.inputs.items()},
            "files": {mount: {"path": path, "sha256": self.hashes[path]}
                      for mount, path in stage.files.items()}}


def keyed(plan: Plan, find: Callable[[str, str], Image], file_hash: Callable[[str, str | None], str]) -> KeyedPlan:
    """Give every stage of `plan` its key.

    find: (name, flavour) -> the image. file_hash: (path, kind of data set or None) -> the hash of the data there.
    Each is asked once.
    """
    pairs = dict.fromkeys((stage.image, stage.flavour) for stage in plan.stages)
    images = {pair: find(*pair) for pair in pairs}
    kinds = {path: stage.kinds.get(mount) for stage in plan.stages for mount, path in stage.files.items()}
    hashes = {path: file_hash(path, kind) for path, kind in kinds.items()}
    code = {stage.name: _code(stage, images[stage.image, stage.flavour]) for stage in plan.stages}
    keys: dict[str, str] = {}
    for stage in plan.stages:
        keyed_as = stage.stands_for or stage
        image = images[keyed_as.image, keyed_as.flavour]
        keys[stage.name] = hashing.digest({
            "image": image.content, "flavour": keyed_as.flavour,
            "code": _code(keyed_as, image), "command": list(keyed_as.command), "config": dict(keyed_as.config),
            "inputs": {mount: keys[name] for mount, name in keyed_as.inputs.items()},
            "files": {mount: hashes[path] for mount, path in keyed_as.files.items()}})
    return KeyedPlan(plan, keys, images, code, hashes)


def _code(stage: Stage, image: Image) -> str:
    """The hash of the code that a stage reaches; "" of an image made elsewhere, whose content has it all."""
    if not isinstance(image, Recipe):
        return ""
    return hashing.digest(reach(image, stage.command, stage.modules))
