"""Builds the images of containers/: in parallel, those that share layers one after the other."""

from __future__ import annotations

import io
import os
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any

import docker
import requests
from docker.errors import APIError, ImageNotFound

from orchestration import bases, pip_settings, recipes
from orchestration.engines import Tell
from orchestration.errors import BuildFailed
from orchestration.recipes import REPOSITORY, Recipe

LOGS = REPOSITORY / ".builds"
_LABEL = "ganfp.content"
_AT_ONCE = 3
_BASELESS = {("sngan", "cuda")}
_LAST_LINES = 12


def content(client: docker.DockerClient, image: str, flavour: str) -> str:
    """What a stage's key takes as the identity of its image: ours by recipe, others by the engine's id."""
    if recipes.exists(image):
        return recipes.recipe(image, flavour).content
    try:
        return str(client.images.get(image).id)
    except ImageNotFound:
        return image  # it is not there: the engine says so when the stage is to run


def build(client: docker.DockerClient, wanted: Iterable[tuple[str, str]], tell: Tell, target: str = "image") -> None:
    """Build what is missing or out of date of `wanted`, pairs of image and flavour.

    target: the stage of the Dockerfiles; "test" adds pytest to the image and is tagged NAME-test.
    A failed build does not stop the others. Raises BuildFailed that names every one that failed.
    """
    missing = [recipe for recipe in (recipes.recipe(*pair) for pair in wanted)
               if not _is_built(client, recipe, target)]
    for suite in sorted({recipe.base for recipe in missing if _own_base(recipe) is None}):
        bases.ensure(client, suite, tell)
    failures = _at_once(lambda group: list(_build_group(client, group, target, tell)), _groups(missing))
    failed = [failure for group in failures for failure in group]
    if failed:
        raise BuildFailed("\n".join(failed))


def tag(recipe: Recipe, target: str = "image") -> str:
    """The name of a built image."""
    return recipe.reference if target == "image" else f"{recipe.reference}-{target}"


def _is_built(client: docker.DockerClient, recipe: Recipe, target: str) -> bool:
    try:
        return bool(client.images.get(tag(recipe, target)).labels.get(_LABEL) == recipe.content)
    except ImageNotFound:
        return False


def _groups(wanted: list[Recipe]) -> list[list[Recipe]]:
    """Recipes by what they install: the second of a group finds the layers of the first."""
    groups: dict[bytes, list[Recipe]] = {}
    for recipe in wanted:
        groups.setdefault((REPOSITORY / recipe.requirements).read_bytes(), []).append(recipe)
    return list(groups.values())


def _at_once(work: Callable[[list[Recipe]], list[str]], groups: list[list[Recipe]]) -> Iterator[list[str]]:
    """What `work` returns for every group, in threads that do not outlive the program: Ctrl-C ends their builds too."""
    free, futures = threading.Semaphore(_AT_ONCE), [Future[list[str]]() for _ in groups]

    def do(group: list[Recipe], future: Future[list[str]]) -> None:
        with free:
            try:
                future.set_result(work(group))
            except BaseException as error:  # noqa: BLE001 - raised again by the one who asks for the result
                future.set_exception(error)

    for group, future in zip(groups, futures, strict=True):
        threading.Thread(target=do, args=(group, future), daemon=True).start()
    return (future.result() for future in futures)


def _build_group(client: docker.DockerClient, group: list[Recipe], target: str, tell: Tell) -> Iterator[str]:
    """Build one after the other; yields a text for each that failed."""
    for recipe in group:
        name, began = tag(recipe, target), time.monotonic()
        tell({"event": "log", "message": f"building {name}"})
        try:
            _build(client, recipe, target, tell)
        except (APIError, requests.RequestException, BuildFailed) as error:
            yield _report(name, recipe, error)
        else:
            tell({"event": "log", "message": f"built {name} in {time.monotonic() - began:.0f} s"})


def _build(client: docker.DockerClient, recipe: Recipe, target: str, tell: Tell) -> None:
    names = [tag(recipe, target)] + ([f"ganfp/{recipe.image}:latest"] if recipe.flavour == "cpu" else [])
    with _context(recipe) as context, _log(recipe).open("w") as log:
        stream = client.api.build(
            fileobj=context, custom_context=True, dockerfile=recipe.dockerfile, target=target, tag=names[0], rm=True,
            forcerm=True, labels={_LABEL: recipe.content}, decode=True,
            buildargs={"FLAVOUR": recipe.flavour, "BASE": _base(recipe), **pip_settings.proxies()})
        for line in stream:
            _note(line, recipe, log, tell)
    if target == "image":
        for name in names[1:]:
            client.images.get(names[0]).tag(name)


def _own_base(recipe: Recipe) -> str | None:
    """The base that the user has named for this flavour of this image."""
    return os.environ.get(f"GANFP_BASE_{recipe.image}_{recipe.flavour}".upper().replace("-", "_"))


def _base(recipe: Recipe) -> str:
    """The base to build on. Raises BuildFailed where only the user can name one."""
    own = _own_base(recipe)
    if own is None and (recipe.image, recipe.flavour) in _BASELESS:
        raise BuildFailed("it needs a base with Python 2.7, CUDA 10.1 and cuDNN 7, which nobody serves any more; name "
                          "one in GANFP_BASE_SNGAN_CUDA (containers/README.md has candidates), or use sngan-py3")
    return own or bases.reference(recipe.base)


def _note(line: dict[str, Any], recipe: Recipe, log: IO[str], tell: Tell) -> None:
    text = str(line.get("stream", line.get("error", "")))
    log.write(text)
    log.flush()
    if text.startswith("Step "):
        tell({"event": "log", "message": f"{recipe.reference}: {text.strip()[:100]}"})
    if "error" in line:
        raise BuildFailed(text.strip())


def _context(recipe: Recipe) -> IO[bytes]:
    """What the engine sees of a build: the files of the recipe, and how pip reaches its packages."""
    path = LOGS / f"{recipe.image}-{recipe.flavour}.tar"
    LOGS.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for file in (recipe.dockerfile, *recipe.files):
            archive.add(REPOSITORY / file, file, filter=_anonymous)
        _add_text(archive, "pip/pip.conf", pip_settings.configuration())
        for wheel in _wheels(recipe):
            archive.add(wheel, f"pip/wheels/{wheel.name}", filter=_anonymous)
    context = path.open("rb")
    path.unlink()
    return context


def _wheels(recipe: Recipe) -> list[Path]:
    """Wheels that pip inside the build would not find by itself."""
    found = pip_settings.wheels((REPOSITORY / recipe.requirements).read_text())
    own_pip = REPOSITORY / "containers" / recipe.image / "requirements-pip.txt"
    return found + (pip_settings.fetch(own_pip, LOGS / "wheels") if own_pip.exists() else [])


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without owner and time, and readable by all: containers run as any user."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o755 if member.isdir() else 0o644
    return member


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(text.encode())
    archive.addfile(member, io.BytesIO(text.encode()))


def _log(recipe: Recipe) -> Path:
    return LOGS / f"{recipe.image}-{recipe.flavour}.log"


def _report(name: str, recipe: Recipe, error: Exception) -> str:
    lines = _log(recipe).read_text(errors="replace").splitlines() if _log(recipe).exists() else []
    step = next((line for line in reversed(lines) if line.startswith("Step ")), "before its first step")
    return "\n".join([f"image {name}: could not be built: {error}", f"  at:   {step}", f"  log:  {_log(recipe)}",
                      "  last lines:", *(f"    {line}" for line in lines[-_LAST_LINES:])])

