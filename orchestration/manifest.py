"""A manifest: a whole study in a YAML file that states only what differs from the published one.

docs/manifest.md describes every key.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from orchestration import yaml_file
from orchestration.errors import UserError
from orchestration.yaml_file import Place, YamlFile, dotted

REAL = "real"
_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def _memory(value: Any) -> Any:
    """Bytes, from a text such as 4GiB."""
    found = re.fullmatch(r"(\d+) ?(KiB|MiB|GiB)", value) if isinstance(value, str) else None
    if not found:
        raise ValueError("expected a size such as 512MiB or 4GiB")
    return int(found[1]) * _UNITS[found[2]]


def _name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", value):
        raise ValueError("a name is made of letters, digits, _ . + and -")
    if value in (REAL, "attribution"):
        raise ValueError(f"the name {value} is taken: it means something else in every study")
    return value


def _setting(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    if not all(item is None or isinstance(item, bool | int | float | str) for item in items):
        raise ValueError("a setting is a number, a text, true, false or a list of these")
    return value


Name = Annotated[str, AfterValidator(_name)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Memory = Annotated[int, BeforeValidator(_memory)]
Setting = Annotated[Any, AfterValidator(_setting)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Dataset(_Part):
    """The real images. archive: path of what the user downloaded; photos bring their own."""

    kind: Literal["photos", "celeba", "lsun"]
    archive: str | None = None

    @model_validator(mode="after")
    def _archive_where_needed(self) -> Self:
        if self.kind != "photos" and self.archive is None:
            raise ValueError(f"{self.kind} needs the key archive: the path of what you downloaded")
        return self


class Images(_Part):
    """How many images: real ones to train each GAN, and of every source for the classifier's three uses."""

    gan: Count
    train: Count
    validation: Count
    test: Count


class Source(_Part):
    """A trained GAN. checkpoint: path of a published checkpoint to use instead of training."""

    image: str
    seed: Seed | None = None
    checkpoint: str | None = None
    settings: dict[str, Setting] = {}


class Attribution(_Part):
    """The classifier."""

    settings: dict[str, Setting] = {}


class Needs(_Part):
    """What a kind of stage needs of the machine. memory: bytes."""

    cores: Count | None = None
    memory: Memory | None = None


class StageNeeds(_Part):
    """Needs by kind of stage, where they differ from the usual."""

    data: Needs = Needs()
    train: Needs = Needs()
    generate: Needs = Needs()
    attribution: Needs = Needs()


class Manifest(_Part):
    """A whole study."""

    study: Name
    resolution: Literal[32, 64, 128] = 128
    device: Literal["cpu", "cuda"] = "cuda"
    seed: Seed = 0
    quantize: Literal["published", "round"] = "published"
    dataset: Dataset
    images: Images
    sources: Annotated[dict[Name, Source], Field(min_length=1)]
    attribution: Attribution = Attribution()
    resources: StageNeeds = StageNeeds()


def read(path: Path) -> Manifest:
    """Read and check the manifest at `path`.

    Raises UserError that holds every complaint, one a line, each with file, line and key.
    """
    source = yaml_file.read(path)
    if not isinstance(source.values, dict):
        raise UserError(f"{path}:1: a manifest is a set of keys, such as `study: demo`")
    try:
        return Manifest.model_validate(source.values)
    except ValidationError as error:
        complaints = sorted({_complaint(source, problem) for problem in error.errors()})
        raise UserError("\n".join(f"{path}:{line}: {text}" for line, text in complaints)) from None


def _complaint(source: YamlFile, problem: Any) -> tuple[int, str]:
    place = tuple(part for part in problem["loc"] if part != "[key]")  # so pydantic marks a bad key of a dict
    return source.line(place), f"{dotted(place)}: {_text(problem, place)}"


def _text(problem: Any, place: Place) -> str:
    kind = problem["type"]
    if kind == "extra_forbidden":
        return f"there is no such key; {_suggestion(place)}"
    if kind == "missing":
        return "this key is missing"
    if kind == "literal_error":
        return f"expected {problem['ctx']['expected']}, found {problem['input']!r}"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return message if isinstance(problem["input"], dict) else f"{message}, found {problem['input']!r}"


def _suggestion(place: Place) -> str:
    known = _keys_around(place)
    near = difflib.get_close_matches(str(place[-1]), known, 1)
    return f"did you mean {near[0]}?" if near else f"the keys here are {', '.join(known)}"


def _keys_around(place: Place) -> list[str]:
    """The keys that may stand where the last part of `place` stands."""
    kind: Any = Manifest
    for part in place[:-1]:
        kind = get_args(kind)[1] if get_args(kind) else kind.model_fields[part].annotation
    return list(kind.model_fields)
