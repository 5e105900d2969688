"""A manifest: a whole study in a YAML file that states only what differs from the published one.

docs/manifest.md describes every key.
"""

import difflib
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Self, get_args, get_origin, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

import experiments
from orchestration import images, yaml_file
from orchestration.errors import UserError
from orchestration.text import printable
from orchestration.yaml_file import Place, YamlFile, dotted

REAL = "real"
_TAKEN = (REAL, "data", "report")
_BESIDE_CHECKPOINT = ("seed", "subset", "settings")
_LONGEST_COMPLAINT = 300  # characters
_LONGEST_NAME, _LONGEST_PATH = 100, 4095
_MOST_IMAGES = 10_000_000  # LSUN's largest category has as many
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
    if len(value) > _LONGEST_NAME:
        raise ValueError(f"a name has at most {_LONGEST_NAME} characters, as files are called by it")
    if value in _TAKEN:
        raise ValueError(f"the name {value} is taken: it means something else in every study")
    return value


def _path(value: Any) -> Any:
    """A path, ~ expanded; whether anything is there is another question."""
    if value is None or value == "":
        raise ValueError("expected the path of a file or folder; without one, take the line away")
    if not isinstance(value, str):
        return value
    if re.match(r"[a-z][a-z0-9+.-]*://", value, re.IGNORECASE):
        raise ValueError("this is an address; download what is there, and give the path where it lies")
    if "\0" in value or len(value) > _LONGEST_PATH:
        raise ValueError(f"no file has such a path: they have up to {_LONGEST_PATH} characters, NUL not among them")
    if value.startswith("$"):
        raise ValueError("variables are not expanded here, only ~ is; write the path out")
    return os.path.expanduser(value)


def _image(value: str) -> str:
    """The name of an image; that of ours without ganfp/, which leaves the flavour to the study."""
    repository = re.sub(r":[^/]*$", "", value.split("@")[0])
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:/@+-]*", value):
        raise ValueError("expected the name of an image")
    if repository != repository.lower():
        raise ValueError(f"images have names in small letters{images.meant(value)}")
    own = value.removeprefix("ganfp/")
    return own if own in images.names() else value


def _setting(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    if not all(item is None or isinstance(item, bool | int | float | str) for item in items):
        raise ValueError("a setting is a number, a text, true, false or a list of these")
    if any(isinstance(item, float) and not math.isfinite(item) for item in items):
        raise ValueError("a setting is a number that has an end")
    return value


Name = Annotated[str, AfterValidator(_name)]
DataPath = Annotated[str | None, BeforeValidator(_path)]
Image = Annotated[str, AfterValidator(_image)]
Count = Annotated[int, Field(ge=1)]
Shards = Annotated[int, Field(ge=1, le=100)]
ImageCount = Annotated[int, Field(ge=1, le=_MOST_IMAGES)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Memory = Annotated[int, BeforeValidator(_memory)]
Minutes = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Setting = Annotated[Any, AfterValidator(_setting)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Dataset(_Part):
    """The real images. archive: path of what the user brings; without one, photos are those that the image has."""

    kind: Literal["photos", "celeba", "lsun"]
    archive: DataPath = None

    @model_validator(mode="after")
    def _archive_where_needed(self) -> Self:
        if self.kind != "photos" and self.archive is None:
            raise ValueError(f"{self.kind} needs the key archive: the path of what you downloaded")
        return self


class Images(_Part):
    """How many images: real ones to train each GAN, and of every source for the classifier's three uses."""

    gan: ImageCount
    train: ImageCount
    validation: ImageCount
    test: ImageCount

    @property
    def uses(self) -> int:
        """Of every source's images, how many there are for the three uses."""
        return self.train + self.validation + self.test

    @property
    def rows(self) -> dict[str, tuple[int, int]]:
        """Of every source's images, the first row of each use and how many there are."""
        return {"train": (0, self.train), "validation": (self.train, self.validation),
                "test": (self.train + self.validation, self.test)}


class Subset(_Part):
    """The part of the real images that a source learns from: the first ones and the last ones of the list."""

    first: Annotated[int, Field(ge=0)]
    last: Annotated[int, Field(ge=0)] = 0


class Source(_Part):
    """A trained GAN. checkpoint: path of a published checkpoint to use instead of training."""

    image: Image
    seed: Seed | None = None
    subset: Subset | None = None
    checkpoint: DataPath = None
    settings: dict[str, Setting] = {}

    @model_validator(mode="after")
    def _trained_or_imported(self) -> Self:
        idle = [name for name in _BESIDE_CHECKPOINT if name in self.model_fields_set]
        if self.checkpoint and idle:
            raise ValueError(f"{', '.join(idle)} beside checkpoint: what is imported has been trained; take one away")
        return self


class Method(_Part):
    """An attribution method: the study's own, or any image that keeps docs/methods.md.

    device: where it runs; None: where the study does.
    """

    image: Image
    device: Literal["cpu", "cuda"] | None = None
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
    """A whole study. budget: minutes that each experiment may take, as whoever wrote it measured them."""

    study: Name
    resolution: Literal[32, 64, 128] = 128
    device: Literal["cpu", "cuda"] = "cuda"
    slots_per_gpu: Count = 1
    shards: Shards = 1
    seed: Seed = 0
    quantize: Literal["published", "round"] = "published"
    dataset: Dataset
    images: Images
    sources: Annotated[dict[Name, Source], Field(min_length=1)]
    methods: Annotated[dict[Name, Method], Field(min_length=1)] = {"classifier": Method(image="attribution")}
    experiments: Annotated[dict[str, dict[str, Any]], Field(min_length=1)] = {"existence": {}}
    budget: dict[str, Minutes] = {}
    resources: StageNeeds = StageNeeds()

    @model_validator(mode="after")
    def _one_meaning_per_name(self) -> Self:
        names = [*self.sources, *self.methods, *self.experiments]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{', '.join(twice)}: sources, methods and experiments have different names")
        return self

    @model_validator(mode="after")
    def _budget_of_its_experiments(self) -> Self:
        if unknown := [name for name in self.budget if name not in self.experiments]:
            raise ValueError(f"budget: {', '.join(unknown)}: the manifest has no such experiment")
        return self


def read(path: Path) -> Manifest:
    """Read and check the manifest at `path`.

    Raises UserError that holds every complaint, one a line, each with file, line and key.
    """
    source = yaml_file.read(path)
    if not isinstance(source.values, dict):
        raise UserError(f"{path}:1: a manifest is a set of keys, such as `study: demo`")
    problems = list(_experiment_problems(source.values.get("experiments")))
    try:
        manifest = Manifest.model_validate(source.values)
    except ValidationError as error:
        problems += error.errors()
    if problems:
        complaints = sorted({_complaint(source, problem) for problem in problems})
        raise UserError("\n".join(f"{path}:{line}: {text}" for line, text in complaints)) from None
    return manifest


def experiment_settings(manifest: Manifest) -> dict[str, Any]:
    """The Settings of every experiment of the manifest: the published ones with what it changes."""
    return {name: experiments.load(name).Settings(**stated) for name, stated in manifest.experiments.items()}


def _experiment_problems(stated: Any) -> Iterator[Any]:
    """What is wrong with experiments' names and settings, in the form of pydantic's errors."""
    for name, settings in stated.items() if isinstance(stated, dict) else ():
        place = ("experiments", name)
        if name not in experiments.names():
            yield {"type": "extra_forbidden", "loc": place}
        elif isinstance(settings, dict):
            try:
                _settings_model(name).model_validate(settings)
            except ValidationError as error:
                yield from ({**problem, "loc": (*place, *problem["loc"])} for problem in error.errors())


def _settings_model(experiment: str) -> type[BaseModel]:
    """An experiment's Settings as a model that checks types."""
    settings = experiments.load(experiment).Settings
    fields: dict[str, Any] = {name: (kind, settings._field_defaults[name])
                              for name, kind in get_type_hints(settings).items()}
    return create_model("Settings", __base__=_Part, **fields)


def _complaint(source: YamlFile, problem: Any) -> tuple[int, str]:
    place = tuple(part for part in problem["loc"] if part != "[key]")  # so pydantic marks a bad key of a dict
    where = f"{dotted(place)}: " if place else ""
    return source.line(place), printable(where + _text(problem, place), _LONGEST_COMPLAINT)


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
    if str(place[-1]).startswith("x-"):
        return "an anchor can stand where it is first used"
    known = _keys_around(place)
    near = difflib.get_close_matches(str(place[-1]), known, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"the keys here are {', '.join(known)}" if known else "there are none here"


def _keys_around(place: Place) -> list[str]:
    """The keys that may stand where the last part of `place` stands."""
    if place[0] == "experiments" and len(place) > 1:
        return experiments.names() if len(place) == 2 else list(experiments.load(str(place[1])).Settings._fields)
    kind: Any = Manifest
    for part in place[:-1]:
        kind = get_args(kind)[1] if get_origin(kind) is dict else kind.model_fields[part].annotation
        if isinstance(kind, UnionType):  # with None, of what need not be stated
            kind = get_args(kind)[0]
    return list(kind.model_fields)
