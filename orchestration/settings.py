"""The settings of a study, held against what its images say they take, before anything is made."""

from collections.abc import Callable, Iterator
from pathlib import Path

from orchestration import images, yaml_file
from orchestration.engines import Engine
from orchestration.errors import NoEngine, UserError
from orchestration.images import answers
from orchestration.images.answers import Schemas
from orchestration.manifest import Manifest
from orchestration.schemas import complaints
from orchestration.stage import Plan, Stage
from orchestration.text import printable
from orchestration.yaml_file import Place, dotted

_LONGEST = 1000  # characters of a complaint: an image may say any number of words


def check(path: Path, manifest: Manifest, plan: Plan, engine: Callable[[], Engine]) -> list[str]:
    """Say for which images settings cannot be checked, and why: a line for each.

    path: of the manifest. engine: called for images made elsewhere alone. Raises UserError, one line for each
    setting that an image does not take.
    """
    said: dict[str, Schemas | None] = {}
    unchecked: list[str] = []
    for name in dict.fromkeys(stage.image for stage in plan.stages if stage.config):
        try:
            said[name] = _ask(name, engine)
            reason = "" if said[name] is not None else "it does not say what it takes"
        except (UserError, NoEngine) as error:
            reason = str(error).removeprefix(f"image {name}: ")
        if reason:
            unchecked.append(f"image {name}: settings not checked: {reason}")
    problems = {where: text for stage in plan.stages
                for where, text in _problems(manifest, stage, said.get(stage.image) or {})}
    if problems:
        line = _line_of(path)
        told = sorted((line(place), f"{dotted(place)}: {text}") for place, text in problems.items())
        raise UserError("\n".join(f"{path}:{number}: {printable(text, _LONGEST)}" for number, text in told))
    return unchecked


def _line_of(path: Path) -> Callable[[Place], int]:
    """Where in the manifest something stands: its beginning, if it came through a pipe, which is read but once."""
    try:
        return yaml_file.read(path).line
    except UserError:
        return lambda place: 1


def _ask(name: str, engine: Callable[[], Engine]) -> Schemas | None:
    if name in images.names():
        return answers.of_ours(name)
    return answers.of_another(engine().image_id(name), engine().ask)


def _problems(manifest: Manifest, stage: Stage, said: Schemas) -> Iterator[tuple[Place, str]]:
    """What a stage is told and its image does not take, and where the manifest says so."""
    for setting, text in complaints(said.get(stage.command[0], {}), stage.config).items():
        for place in list(_stated(manifest, stage, setting)) or [("experiments", stage.name, setting)]:
            yield place, text


def _stated(manifest: Manifest, stage: Stage, setting: str) -> Iterator[Place]:
    """The keys of the manifest that tell a stage a setting; none where an experiment does."""
    for kind, parts in (("sources", manifest.sources), ("methods", manifest.methods)):
        for name, part in parts.items():
            if part.image == stage.image and part.settings.get(setting, ...) == stage.config[setting]:
                yield kind, name, "settings", setting
