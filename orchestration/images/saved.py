"""Built images in a file: for the day when nothing serves any more what they are made of, and for other machines."""

import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError

from orchestration.errors import UserError
from orchestration.images import bases, frameworks
from orchestration.images.recipes import Recipe

_OURS = re.compile(r"ganfp/[a-z0-9-]+:[a-z0-9.-]+")
_LARGEST = 1 << 20  # bytes of the list of names
_ANOTHER = "give a file that `orchestrate.py images save` wrote"


def save(client: docker.DockerClient, recipes: Iterable[Recipe], file: Path) -> list[str]:
    """Write images to a new file, with what they stand on, so that they can be built again after an edit.

    Returns their names. Raises UserError if one is not built, or the file is there.
    """
    if os.path.lexists(file):
        raise UserError(f"{file}: there is such a file; name a new one, or remove it")
    references = list(dict.fromkeys(reference for recipe in recipes for reference in _layers(client, recipe)))
    part = file.with_name(f"{file.name}.part")
    try:
        stream = part.open("wb")
    except OSError as error:
        raise UserError(f"{part}: {error.strerror}; name a file in a folder that you may write to") from error
    try:
        with stream:
            for chunk in _export(client, references):
                stream.write(chunk)
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    return references


def load(client: docker.DockerClient, file: Path) -> list[str]:
    """Give the engine what `save` wrote; returns the names. Raises UserError if it is anything else, or damaged."""
    names = _names(file)
    try:
        with file.open("rb") as stream:
            said = list(client.api.load_image(stream))  # type: ignore[no-untyped-call]
    except APIError as error:
        said = [{"error": str(error)}]
    refusal = " ".join(" ".join(line.get("error", "") for line in said).split())
    if refusal:
        raise UserError(f"{file}: the engine cannot load it ({refusal}); {_ANOTHER}")
    for name in names:
        frameworks.learn(name)
    return names


def _layers(client: docker.DockerClient, recipe: Recipe) -> Iterator[str]:
    """The image, and of what it stands on what is there."""
    if bases.label(client, recipe.reference) != recipe.build:
        raise UserError(f"image {recipe.name} ({recipe.flavour}): not built yet; build it first: orchestrate.py images "
                        f"{recipe.name} --flavour {recipe.flavour}")
    below = [] if recipe.framework.base else [bases.reference(recipe.framework.facts)]
    for reference in (*below, recipe.framework.reference):
        if bases.label(client, reference) is not None:
            yield reference
    yield recipe.reference


def _export(client: docker.DockerClient, references: list[str]) -> Iterator[bytes]:
    """All in one archive, in which they share their layers; docker-py's own call takes one image."""
    answer = client.api.get(f"{client.api.base_url}/v{client.api.api_version}/images/get",
                            params={"names": references}, stream=True)
    try:
        answer.raise_for_status()
        yield from answer.iter_content(1 << 20)
    except requests.HTTPError as error:
        raise UserError(f"the engine does not give {', '.join(references)}: {answer.text.strip()}") from error
    finally:
        answer.close()


def _names(file: Path) -> list[str]:
    """The images in an archive, which is read to its end."""
    try:
        with tarfile.open(file, "r:") as archive:
            stream = archive.extractfile("manifest.json")
            said: Any = json.loads(stream.read(_LARGEST)) if stream else None
        names = [str(name) for image in said for name in image["RepoTags"]]
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}; {_ANOTHER}") from error
    except (tarfile.TarError, EOFError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{file}: not a file of images, or cut off; {_ANOTHER}") from error
    strangers = [name for name in names if not _OURS.fullmatch(name)]
    if strangers or not names:
        raise UserError(f"{file}: holds {strangers[0] if strangers else 'no image'}, which is none of ours; {_ANOTHER}")
    return names
