"""A YAML file as values, with the line of every key: so that a complaint can say where."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.errors import UserError
from orchestration.text import printable

Place = tuple[str | int, ...]
_MOST = 10_000  # entries of a file; aliases within aliases make more of few lines
_MOST_BYTES = 1_000_000
_LONGEST = 300  # characters of a complaint
_TEXT = "tag:yaml.org,2002:str"
_KINDS = {"bool": "true or false", "int": "a number", "float": "a number", "null": "nothing", "timestamp": "a date"}
_HINTS = {"mapping values are not allowed here": "is this line indented deeper than the one above?",
          "expected <block end>, but found '<block": "is this line indented otherwise than those above?",
          "character '\\t'": "indent with blanks, not with tabs"}
_AMBIGUOUS = re.compile(r"[-+]?0[\d_]+|[-+\d_]+(:[\d_]+)+(\.\d*)?")  # octal and sexagesimal numbers of YAML 1.1


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML reads it, but 1e-4 is a number."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d[\d_]*(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


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
    """Read a YAML file of plain values.

    Raises UserError with file and line: not there, not YAML, a key twice or that is no text, a number that people
    and YAML read differently, more entries than a person writes.
    """
    try:
        text = _text(path)
        node = yaml.compose(text, Loader=_Loader)
        lines: dict[Place, int] = {(): 1}
        problems = [] if node is None else [
            f"{path}:{line}: {printable(said, _LONGEST)}" for line, said in _number(node, (), lines)]
        if node is None or problems:
            raise UserError("\n".join(problems) or f"{path}: the file is empty")
        return YamlFile(path, yaml.load(text, Loader=_Loader), lines)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except RecursionError:
        raise UserError(f"{path}: not YAML that is read here (nested too deep, or an alias within itself)") from None
    except (UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        raise UserError(f"{path}{_where(error)}: not YAML ({printable(_what(error), _LONGEST)})") from error
    except (AttributeError, TypeError, LookupError) as error:  # of what makes a date of "!!timestamp x"
        raise UserError(f"{path}: not YAML (a tag, such as !!timestamp, that does not fit what follows)") from error


def _text(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(_MOST_BYTES + 1)
    if len(start) > _MOST_BYTES:
        raise ValueError(f"more than {_MOST_BYTES:,} bytes")
    return start.decode("utf-8")


def _number(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Iterator[tuple[int, str]]:
    """Note the lines of all that is in `node`; yields complaints, each with its line."""
    if len(lines) > _MOST:
        raise ValueError(f"more than {_MOST:,} entries; are there aliases within aliases?")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _key(key, place, lines)
            yield from _number(value, (*place, str(key.value)), lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*place, index)] = value.start_mark.line + 1
            yield from _number(value, (*place, index), lines)
    elif node.tag != _TEXT and _AMBIGUOUS.fullmatch(node.value):
        yield node.start_mark.line + 1, f"{dotted(place)}: {node.value} is another number in YAML; write it plainly"


def _key(key: yaml.Node, place: Place, lines: dict[Place, int]) -> Iterator[tuple[int, str]]:
    line, here = key.start_mark.line + 1, (*place, str(key.value))
    if not isinstance(key, yaml.ScalarNode):
        yield line, f"{dotted(place) or 'here'}: a key is a text; is something in braces or brackets not quoted?"
    elif key.tag not in (_TEXT, "tag:yaml.org,2002:merge"):
        yield line, f"{dotted(here)}: this key is {_KINDS.get(key.tag.rpartition(':')[2], 'no text')} in YAML; quote it"
    elif here in lines:
        yield line, f"{dotted(here)}: stands here again, first in line {lines[here]}"
    lines[here] = line


def dotted(place: Place) -> str:
    """A place as people write it: sources.SNGAN.image."""
    return ".".join(str(part) for part in place)


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f":{mark.line + 1}" if mark else ""


def _what(error: Exception) -> str:
    problem = str(getattr(error, "problem", None) or str(error).splitlines()[0])
    return problem + next((f"; {hint}" for said, hint in _HINTS.items() if said in problem), "")
