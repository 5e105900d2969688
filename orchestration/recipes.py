"""Recipes: what an image of containers/ is made of, read from its Dockerfile. A pure function of the repository."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import UserError
from orchestration.hashing import digest

REPOSITORY = Path(__file__).resolve().parents[1]
_CONTAINERS = REPOSITORY / "containers"
_NO_CODE = {"__pycache__"}


@dataclass(frozen=True)
class Recipe:
    """What one flavour of an image is made of.

    content: hash of its Dockerfile and of every file that goes in; two recipes of the same content make the same
    image. files: those files, relative to the repository. base: the suite of its Debian. requirements: relative path.
    entrypoint: as the Dockerfile states it.
    """

    image: str
    flavour: str
    content: str
    files: tuple[str, ...]
    base: str
    requirements: str
    entrypoint: tuple[str, ...]

    @property
    def reference(self) -> str:
        """The name of the built image."""
        return reference(self.image, self.flavour)

    @property
    def dockerfile(self) -> str:
        """Its Dockerfile, relative to the repository."""
        return f"containers/{self.image}/Dockerfile"


def names() -> list[str]:
    """The images that containers/ makes."""
    return sorted(path.parent.name for path in _CONTAINERS.glob("*/Dockerfile") if path.parent.name != "base")


def exists(image: str) -> bool:
    """Whether `image` is one of ours; any other is a reference to an image made elsewhere."""
    return image in names()


def reference(image: str, flavour: str) -> str:
    """The name by which the engine knows an image: ours by flavour, others as they are."""
    return f"ganfp/{image}:{flavour}" if exists(image) else image


def recipe(image: str, flavour: str) -> Recipe:
    """The recipe of an image. Raises UserError if there is no such image or flavour."""
    dockerfile = _CONTAINERS / image / "Dockerfile"
    if not dockerfile.is_file():
        raise UserError(f"image {image}: there is no such image; containers/ makes {', '.join(names())}")
    text = dockerfile.read_text("utf-8")
    requirements = _stated(
        r"^COPY (\S+/requirements-\$\{FLAVOUR\}.txt) ", text, dockerfile
    ).replace("${FLAVOUR}", flavour)
    if not (REPOSITORY / requirements).is_file():
        raise UserError(f"image {image}: it has no flavour {flavour}")
    files = tuple(sorted(set(_files(text.replace("${FLAVOUR}", flavour)))))
    return Recipe(
        image=image, flavour=flavour, content=_content(text, flavour, files), files=files,
        base=_stated(r"^ARG BASE=ganfp/base:(\S+)$", text, dockerfile), requirements=requirements,
        entrypoint=tuple(json.loads(_stated(r"^ENTRYPOINT (\[.*\])$", text, dockerfile))))


def _stated(pattern: str, text: str, dockerfile: Path) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise UserError(f"{dockerfile}: has no line like {pattern}")
    return found[1]


def _files(dockerfile: str) -> Iterator[str]:
    """The files that the COPY lines of a Dockerfile name; pip/ is made for each build and is no part of the recipe."""
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            path = REPOSITORY / source
            if path.is_dir():
                yield from (str(file.relative_to(REPOSITORY)) for file in path.rglob("*")
                            if file.is_file() and not _NO_CODE.intersection(file.parts))
            elif source != "pip/":
                yield source


def _content(dockerfile: str, flavour: str, files: tuple[str, ...]) -> str:
    hashes = {file: hashlib.sha256((REPOSITORY / file).read_bytes()).hexdigest() for file in files}
    return digest({"dockerfile": dockerfile, "flavour": flavour, "files": hashes})
