"""Builds the images of containers/: in parallel, those on one framework one after the other."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any

import docker
import requests
from docker.errors import APIError

from orchestration.errors import BuildFailed
from orchestration.events import Tell
from orchestration.images import bases, context, pip_settings, steps
from orchestration.images.frameworks import Framework
from orchestration.images.recipes import Recipe
from orchestration.images.steps import Step
from orchestration.repository import REPOSITORY

LOGS = REPOSITORY / ".builds"
_AT_ONCE = 3
_LAST_LINES = 12
_ONE_BASE = threading.Lock()  # two frameworks may stand on one
_Group = list[Recipe]


def build(client: docker.DockerClient, recipes: Iterable[Recipe], tell: Tell,
          test: bool = False) -> None:
    """Build what is missing of `recipes`, and what that stands on.

    test: also the image with pytest, steps.test_reference. A failed build does not stop the
    others. Raises BuildFailed that names every one that failed, UserError where a file changed
    since its recipe was made.
    """
    groups: dict[str, _Group] = {}
    for recipe in dict.fromkeys(recipes):
        groups.setdefault(recipe.framework.reference, []).append(recipe)

    def work(group: _Group) -> list[str]:
        return list(_build_group(client, group, test, tell))

    failed = [text for texts in _at_once(work, list(groups.values())) for text in texts]
    if failed:
        raise BuildFailed("\n".join(failed))


def _at_once(work: Callable[[_Group], list[str]], groups: list[_Group]) -> Iterator[list[str]]:
    """What `work` returns for every group, in threads that Ctrl-C ends too."""
    free, futures = threading.Semaphore(_AT_ONCE), [Future[list[str]]() for _ in groups]

    def do(group: _Group, future: Future[list[str]]) -> None:
        with free:
            try:
                future.set_result(work(group))
            except BaseException as error:  # noqa: BLE001 - raised again where the result is
                future.set_exception(error)

    for group, future in zip(groups, futures, strict=True):
        threading.Thread(target=do, args=(group, future), daemon=True).start()
    return (future.result() for future in futures)


def _build_group(client: docker.DockerClient, group: _Group, test: bool,
                 tell: Tell) -> Iterator[str]:
    """Build images that stand on one framework; yields a text for each that failed."""
    broken: set[str] = set()
    for recipe in group:
        try:
            for step in _missing(client, steps.of(recipe, test)):
                if step.reference in broken:
                    raise BuildFailed(f"{step.reference}, on which it stands, failed")
                broken.add(step.reference)
                _attempt(client, step, tell)
                broken.remove(step.reference)
        except BuildFailed as error:
            yield f"image {recipe.name} ({recipe.flavour}): could not be built: {error}"
        else:
            _move_along(client, recipe.reference)


def _missing(client: docker.DockerClient, wanted: list[Step]) -> list[Step]:
    """What is to be built; what an image that is there stands on need not be there."""
    for number in range(len(wanted), 0, -1):
        step = wanted[number - 1]
        if bases.label(client, step.reference) == step.content:
            return wanted[number:]
    return wanted


def _move_along(client: docker.DockerClient, reference: str) -> None:
    """Let NAME:FLAVOUR and NAME:latest, for people, mean it too. No stage is started by them."""
    name, tag = reference.split(":")
    flavour = tag.split("-")[0]
    for short in (flavour, *(["latest"] if flavour == "cpu" else [])):
        client.images.get(reference).tag(name, short)


def _attempt(client: docker.DockerClient, step: Step, tell: Tell) -> None:
    """Build. Raises BuildFailed that says where and why, and names the log."""
    began = time.monotonic()
    tell({"event": "log", "message": f"building {step.reference}"})
    with _new_log(step) as log:
        try:
            _build(client, step, log, tell)
        except (APIError, requests.RequestException, BuildFailed) as error:
            raise BuildFailed(_report(step, error, Path(log.name))) from error
    Path(log.name).unlink()
    took = f"{time.monotonic() - began:.0f} s"
    tell({"event": "log", "message": f"built {step.reference} in {took}"})


def _build(client: docker.DockerClient, step: Step, log: IO[str], tell: Tell) -> None:
    base = {"BASE": _base(client, step.framework, tell)} if step.framework else {}
    with _context(step) as files:
        stream = client.api.build(
            fileobj=files, custom_context=True, tag=step.reference, labels={bases.LABEL: step.content},
            buildargs={**step.arguments, **base, **pip_settings.proxies()},
            rm=True, forcerm=True, decode=True)
        for line in stream:
            _note(line, step, log, tell)


def _base(client: docker.DockerClient, framework: Framework, tell: Tell) -> str:
    """The base to build on, made if it is ours."""
    if framework.base:
        return framework.base
    with _ONE_BASE:
        bases.ensure(client, framework.facts, tell)
    return bases.reference(framework.facts)


def _context(step: Step) -> IO[bytes]:
    files = {"Dockerfile": step.dockerfile.encode(), **step.code}
    if step.requirements:
        return context.with_pip(files, step.requirements)
    return context.write(files)


def _note(line: dict[str, Any], step: Step, log: IO[str], tell: Tell) -> None:
    text = str(line.get("stream", line.get("error", "")))
    log.write(text)
    log.flush()
    if text.startswith("Step "):
        tell({"event": "log", "message": f"{step.reference}: {text.strip()[:100]}"})
    if "error" in line:
        raise BuildFailed(text.strip())


def _new_log(step: Step) -> IO[str]:
    """A file of this build alone; those of builds that went well are removed."""
    LOGS.mkdir(exist_ok=True)
    name = step.reference.removeprefix("ganfp/").replace(":", "-") + "-"
    return tempfile.NamedTemporaryFile("w", prefix=name, suffix=".log", dir=LOGS, delete=False)


def _report(step: Step, error: Exception, log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    begun = [line for line in lines if line.startswith("Step ")] or ["before its first step"]
    last = [f"    {line}" for line in lines[-_LAST_LINES:]]
    return "\n".join([str(error), f"  at:   {step.reference}, {begun[-1]}", f"  log:  {log}",
                      "  last lines:", *last])
