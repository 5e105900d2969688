"""A YAML file as values, with the line of every key: so that a complaint can say where."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import UserError

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlFile:
    """values: plain dicts, lists and scalars. lines: the line (from 1) of the key or item at each place."""

    path: Path
    values: Any
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """The line of what stands at `place`, or of the nearest thing around it."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]


def read(path: Path) -> YamlFile:
    """Read a YAML file of plain values. Raises UserError with file and line: not there, not YAML, a key twice."""
    try:
        text = path.read_text("utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path}{_where(error)}: not YAML ({_what(error)})") from error
    if node is None:
        raise UserError(f"{path}: the file is empty")
    lines: dict[Place, int] = {(): 1}
    problems = list(_number(path, node, (), lines))
    if problems:
        raise UserError("\n".join(problems))
    return YamlFile(path, yaml.safe_load(text), lines)


def _number(path: Path, node: yaml.Node, place: Place, lines: dict[Place, int]) -> list[str]:
    """Note the lines of all that is in `node`; returns complaints about keys that stand twice."""
    problems: list[str] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, str(key.value))
            line = key.start_mark.line + 1
            if here in lines:
                problems.append(f"{path}:{line}: {dotted(here)}: stands here again, first in line {lines[here]}")
            lines[here] = line
            problems += _number(path, value, here, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*place, index)] = value.start_mark.line + 1
            problems += _number(path, value, (*place, index), lines)
    return problems


def dotted(place: Place) -> str:
    """A place as people write it: sources.SNGAN.image."""
    return ".".join(str(part) for part in place)


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _what(error: Exception) -> str:
    return str(getattr(error, "problem", None) or str(error).splitlines()[0])
