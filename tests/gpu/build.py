"""python -m tests.gpu.build [IMAGE]...: build the images for GPUs and look into each; no GPU is needed.

Prints the rows of the table in containers/README.md, and what is wrong; exit status 1 if anything is.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from orchestration import images
from orchestration.engines import docker_engine
from orchestration.images import Recipe, build, facts, recipes
from orchestration.images.facts import Cuda

PROBE = Path(__file__).with_name("probe.py").read_text("utf-8")
FOLDERS = ("/opt", "/usr")
HEADER = "| image | size | built in | found inside | driver |\n| --- | --- | --- | --- | --- |"


@dataclass(frozen=True)
class Ended:
    """A container that has ended."""

    status: int
    output: str
    errors: str


@dataclass(frozen=True)
class Look:
    """What was found. parts: what tests/gpu/probe.py says. cpu, cuda: how the verb `check` ended on each."""

    parts: dict[str, Any]
    cpu: Ended
    cuda: Ended


def names() -> list[str]:
    """The images that have a flavour for GPUs."""
    return [name for name in images.names() if facts.read(recipes.framework_name(name)).cuda]


def look(client: docker.DockerClient, reference: str) -> Look:
    """Start an image without a GPU, as somebody without rights."""
    probed = _run(client, reference, ["-c", PROBE, *FOLDERS], entrypoint=["python"])
    if probed.status:
        raise SystemExit(f"{reference}: the probe ended with {probed.status}: {probed.errors}")
    return Look(json.loads(probed.output), *(_run(client, reference, ["check", "--device", device])
                                             for device in ("cpu", "cuda")))


def faults(seen: Look, wanted: Cuda) -> Iterator[str]:
    """What is not as it should be in an image, by what image.toml says of it."""
    for path, missing in seen.parts["unresolved"].items():
        yield f"{path} lacks {', '.join(missing)}"
    found = str(seen.parts["cuda"])
    if found != wanted.version and not found.startswith(f"{wanted.version}."):
        yield f"it has CUDA {found} in place of {wanted.version}"
    if seen.parts["cudnn"] is None:
        yield "it has no cuDNN"
    elif seen.parts["least"] > wanted.capability[0] * 10:
        yield f"cuDNN has code from sm_{seen.parts['least']} on, not for compute capability {wanted.capability[0]}"
    if (known := wanted.ptx and wanted.ptx.version) != seen.parts["ptx"]:
        yield f"its code for newer GPUs is PTX {seen.parts['ptx']} in place of {known}: which drivers know that?"
    if seen.cpu.status:
        yield f"check --device cpu ended with {seen.cpu.status}: {seen.cpu.errors.strip()}"
    lines = seen.cuda.errors.splitlines()
    if (seen.cuda.status, len(lines), seen.cuda.output) != (3, 1, ""):
        yield f"check --device cuda without a GPU ended with {seen.cuda.status}, and {len(lines)} lines: {lines}"


def row(recipe: Recipe, size: int, seconds: float, seen: Look) -> str:
    """Of the table. seconds: that its build took; 0 if it was there."""
    checked = json.loads(seen.cpu.output.splitlines()[-1])["versions"]
    inside = {"python": seen.parts["python"], **checked, "CUDA": seen.parts["cuda"], "cuDNN": seen.parts["cudnn"]}
    took = f"{seconds / 60:.1f} min" if seconds else "(there)"
    cuda = recipe.framework.facts.cuda
    driver = ".".join(map(str, cuda.driver))
    if cuda.ptx:
        driver += f"; {'.'.join(map(str, cuda.ptx.driver))} from compute capability {cuda.ptx.capability} on"
    versions = ", ".join(f"{name} {version}" for name, version in inside.items())
    return f"| `{recipe.name}` | {size / 1e9:.1f} GB | {took} | {versions} | {driver} |"


def main(wanted: list[str]) -> int:
    """Build and look; returns the exit status."""
    client, rows, wrong = docker_engine.connect().client, [HEADER], []
    for recipe in (images.recipe(name, "cuda") for name in wanted):
        said: list[str] = []
        began = time.monotonic()
        build.build(client, [recipe], lambda event, said=said: said.append(event["message"]))
        seconds = time.monotonic() - began if said else 0.0
        seen = look(client, recipe.reference)
        rows.append(row(recipe, client.images.get(recipe.reference).attrs["Size"], seconds, seen))
        wrong += [f"{recipe.reference}: {fault}" for fault in faults(seen, recipe.framework.facts.cuda)]
        print(f"{recipe.reference}: {seen.parts['libraries']} libraries; {seen.cuda.errors.strip()}", flush=True)
    print("\n".join([*rows, *wrong]))
    return bool(wrong)


def _run(client: docker.DockerClient, reference: str, command: list[str], **options: Any) -> Ended:
    container = client.containers.create(reference, command, network_mode="none", user="12345:12345", read_only=True,
                                         tmpfs={"/tmp": ""}, **options)
    try:
        container.start()
        status = container.wait()["StatusCode"]
        output, errors = (container.logs(stdout=out, stderr=not out).decode() for out in (True, False))
        return Ended(status, output, errors)
    finally:
        container.remove(force=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or names()))
