"""Recipes: what an image is made of, read from its Dockerfile and the files that this names."""

import difflib
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from orchestration import hashing
from orchestration.errors import UserError
from orchestration.images import frameworks
from orchestration.images.frameworks import Framework
from orchestration.repository import REPOSITORY


@dataclass(frozen=True)
class Recipe:
    """What one flavour of an image of ours is made of.

    content: hash of its framework, its Dockerfile and its own packages. build: hash of that and of
    its code.
    package, words: what its entrypoint starts: ("sources.cramer_mmd", ("cramergan",)).
    dockerfile: its text. files: {path relative to the repository and to /app: sha256} of its code.
    requirements: {path relative to the repository: text} of packages that its framework has not.
    """

    name: str
    flavour: str
    content: str
    build: str
    package: str
    words: tuple[str, ...]
    framework: Framework = field(compare=False)
    dockerfile: str = field(compare=False)
    files: Mapping[str, str] = field(compare=False)
    requirements: Mapping[str, str] = field(compare=False)

    @property
    def reference(self) -> str:
        """The name of the built image."""
        return f"ganfp/{self.name}:{self.flavour}-{self.build[:12]}"

    def read(self, file: str) -> bytes:
        """What is in one of its files. Raises UserError if it has changed since."""
        path = REPOSITORY / file
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != self.files[file]:
            raise UserError(f"{path}: changed since this run began; run the same command again")
        return data


class Program(NamedTuple):
    """What an image of ours runs: as in Recipe, without what it stands on."""

    package: str
    words: tuple[str, ...]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Foreign:
    """An image made elsewhere. name: as in the manifest. content: the id the engine gave it."""

    name: str
    flavour: str
    content: str

    @property
    def reference(self) -> str:
        """What the engine starts, whatever the name means by then."""
        return self.content


Image = Recipe | Foreign


def names() -> list[str]:
    """The images that containers/ makes."""
    paths = (REPOSITORY / "containers").glob("*/Dockerfile")
    return sorted(path.parent.name for path in paths if "\nENTRYPOINT " in path.read_text("utf-8"))


def find(name: str, flavour: str, image_id: Callable[[str], str]) -> Image:
    """An image by name. image_id: asked for the id of one that is not ours but made elsewhere.

    Raises UserError if there is none, and names the one of ours that may have been meant.
    """
    if name in names():
        return recipe(name, flavour)
    try:
        return Foreign(name, flavour, image_id(name))
    except UserError as error:
        raise UserError(f"{error}{meant(name)}") from None


def meant(name: str) -> str:
    """The end of a complaint about an image that there is not: the one of ours with a name like it, if any."""
    near = difflib.get_close_matches(name.lower().removeprefix("ganfp/"), names(), 1, cutoff=0.8)
    return f"; did you mean {near[0]}?" if near else ""


def recipe(name: str, flavour: str) -> Recipe:
    """The recipe of an image of ours. Raises UserError if there is no such image or flavour."""
    (package, words, files), dockerfile = program(name), frameworks.read(f"containers/{name}/Dockerfile")
    base = os.environ.get(base_variable(name, flavour))
    framework = frameworks.framework(framework_name(name), flavour, base)
    requirements = {} if framework.name == name else frameworks.lists(dockerfile)
    content = hashing.digest({"framework": framework.content, "dockerfile": dockerfile, **requirements})
    build = hashing.digest({"content": content, "files": files})
    return Recipe(name, flavour, content, build, package, words, framework, dockerfile, files,
                  requirements)


def program(name: str) -> Program:
    """What an image of ours runs. Raises UserError if there is no such image."""
    made = names()
    if name not in made:
        raise UserError(f"image {name}: there is no such image; containers/ makes {', '.join(made)}")
    dockerfile = frameworks.read(f"containers/{name}/Dockerfile")
    files = {file: hashing.of_file(REPOSITORY / file)
             for file in sorted(set(_code(frameworks.copied(dockerfile))))}
    return Program(*_entrypoint(dockerfile), files)


def framework_name(name: str) -> str:
    """The folder of containers/ that says what an image stands on; it may be its own."""
    dockerfile = frameworks.read(f"containers/{name}/Dockerfile")
    found = re.search(r"^ARG FRAMEWORK=ganfp/(\S+):cpu$", dockerfile, re.MULTILINE)
    return found[1] if found else name


def base_variable(name: str, flavour: str) -> str:
    """The environment variable in which the user can name the base of an image."""
    return f"GANFP_BASE_{name}_{flavour}".upper().replace("-", "_")


def _entrypoint(dockerfile: str) -> tuple[str, tuple[str, ...]]:
    """The package that python -m runs, and the words after it."""
    stated = re.findall(r"^ENTRYPOINT (.*)$", dockerfile, re.MULTILINE)[-1]
    _, _, package, *words = json.loads(stated)
    return package, tuple(words)


def _code(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        for path in () if pattern.startswith("containers/") else REPOSITORY.glob(pattern):
            yield from _within(path) if path.is_dir() else [path.relative_to(REPOSITORY).as_posix()]


def _within(folder: Path) -> Iterator[str]:
    """The files of a folder, without what Python and editors leave there."""
    for file in folder.rglob("*"):
        path = file.relative_to(REPOSITORY)
        left = any(part == "__pycache__" or part.startswith(".") for part in path.parts)
        if file.is_file() and not left:
            yield path.as_posix()
