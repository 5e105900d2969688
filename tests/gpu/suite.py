"""python -m tests.gpu.suite [IMAGE]...: what works on this machine's GPU, and how fast.

For each image, in its own CUDA flavour: the parity tests of its room, and what tests/gpu/measure.py finds at the
published size, in every precision that the room has, beside the goals, which are of one H100 and fail nothing. All
goes to benchmarks/results/gpu-CARD.json. Exit status: 1 if a number is not the published one or two runs differ in a
bit; 3 if there is no GPU.

--device cpu --size small is the same on the CPU, in little time. --python PROGRAM runs the rooms by a Python that has
their frameworks and pytest, where there is no Docker.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestration import gpus, host, images
from orchestration.engines import docker_engine
from orchestration.errors import NoDevice, OrchestrationError
from orchestration.images import build, steps
from orchestration.repository import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results"
_CRITIC = "tests/sources/cramer_mmd/test_cramer_mmd_parity.py"
PARITY = {  # the tests that hold published numbers against ours
    "progan": ["tests/sources/progan/test_progan_networks.py", "tests/sources/progan/test_progan_losses.py",
               "tests/sources/progan/test_progan_optimizer.py"],
    "sngan": ["tests/sources/sngan/test_sngan_parity.py"],
    "cramergan": [_CRITIC], "mmdgan": [_CRITIC],
    "attribution": ["tests/attribution/test_attribution_parity.py"],
    "perception": ["tests/perception/test_perception_networks.py"],
}
PRECISIONS = {"sngan": ["float32"], "perception": []}  # and of the others:
GOALS = {("attribution", "training"): 25000, ("progan", "generation"): 2000}  # images/s on one H100, published size
_ALL = ["float32", "tf32", "bfloat16"]


class Room:
    """Where Python programs of the repository run that need the framework of an image."""

    def __init__(self, command: list[str], variables: Mapping[str, str]) -> None:
        self._command, self._variables = command, variables

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A program of Python, to its end."""
        return subprocess.run([*self._command, *words], capture_output=True, text=True, check=False, cwd=REPOSITORY,
                              env={**os.environ, **self._variables})


def in_docker(image: str, device: str, card: str) -> Room:
    """The room of an image, in its container, with pytest; built where it is missing."""
    recipe = images.recipe(image, device)
    build.build(docker_engine.connect().client, [recipe], lambda event: print(event["message"], file=sys.stderr),
                test=True)
    given = ["--gpus", f"device={card}"] if device == "cuda" else []
    return Room(["docker", "run", "--rm", "--network", "none", *given, "--volume", f"{REPOSITORY}:/repository:ro",
                 "--workdir", "/repository", "--env", f"GANFP_TEST_DEVICE={device}", "--entrypoint", "python",
                 steps.test_reference(recipe)], {})


def by_python(program: str, device: str, card: str) -> Room:
    """A room that is a Python of this machine."""
    visible = {"CUDA_VISIBLE_DEVICES": card} if device == "cuda" else {}
    path = f"{REPOSITORY}:{os.environ.get('PYTHONPATH', '')}"
    return Room([program], {"GANFP_TEST_DEVICE": device, "PYTHONPATH": path, **visible})


def parity(room: Room, image: str) -> dict[str, Any]:
    """How many of its tests pass, and what those say that do not."""
    ended = room.run("-m", "pytest", "-q", "-rf", "-p", "no:cacheprovider", *PARITY[image])
    counted = {what: int(number) for number, what in re.findall(r"(\d+) (passed|failed|error)", ended.stdout)}
    failures = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if ended.returncode and not failures:
        failures = (ended.stdout + ended.stderr).splitlines()[-5:]
    return {"passed": counted.get("passed", 0), "failures": failures}


def measured(room: Room, image: str, device: str, size: str, precision: str) -> dict[str, Any]:
    """What tests/gpu/measure.py says; {"failure": its last lines} if it says nothing."""
    ended = room.run("tests/gpu/measure.py", image, device, size, precision)
    if ended.returncode:
        return {"failure": ended.stderr.splitlines()[-5:]}
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def look(room: Room, image: str, device: str, size: str) -> dict[str, Any]:
    """All that is found of an image."""
    return {"parity": parity(room, image), **{
        precision: measured(room, image, device, size, precision) for precision in PRECISIONS.get(image, _ALL)}}


def said(image: str, looks: Mapping[str, Mapping[str, Any]], size: str) -> Iterator[str]:
    """What was found of an image, in lines for people."""
    yield f"{image}: {looks['parity']['passed']} tests of its numbers pass, {len(looks['parity']['failures'])} fail"
    for precision, figures in looks.items():
        for what in ("training", "generation"):
            if what in figures:
                goal = GOALS.get((image, what)) if size == "published" else None
                yield (f"{image} {what}, {precision}: {figures[what]['images_per_second']:,.0f} images/s, "
                       f"{figures[what]['share']:.0%} of the peak" + (f"; goal on an H100: {goal:,}" if goal else ""))


def faults(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What is not as it should be. found: {image: what `look` says}."""
    for image, looks in found.items():
        for failure in looks["parity"]["failures"]:
            yield f"{image}: {failure}"
        for precision, figures in looks.items():
            for line in figures.get("failure", []):
                yield f"{image} {precision}: {line}"
            for what, same in (("training", figures.get("same_bits", True)),
                               ("generation", figures.get("generation", {}).get("same_bits", True))):
                if not same:
                    yield f"{image} {precision}: two runs of {what} differ"


def chosen_card(device: str) -> tuple[str, str]:
    """The id and the name of what is looked at. Raises NoDevice where a GPU is asked for and there is none."""
    if device == "cpu":
        return "", host.processor()
    for card in gpus.ids()[:1]:
        return card, gpus.names([card])[0]
    raise NoDevice("--device cuda: nvidia-smi tells of no GPU here; --device cpu --size small tries the suite itself")


def main(words: list[str]) -> None:
    """Look, print, keep, judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.gpu.suite", description=__doc__.splitlines()[0])
    parser.add_argument("images", metavar="IMAGE", nargs="*", help=f"of {', '.join(PARITY)} (default: all)")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--size", choices=["published", "small"], default="published")
    parser.add_argument("--python", metavar="PROGRAM")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    asked = parser.parse_args(words)
    card, name = chosen_card(asked.device)
    found = {}
    for image in asked.images or PARITY:
        room = by_python(asked.python, asked.device, card) if asked.python else in_docker(image, asked.device, card)
        found[image] = look(room, image, asked.device, asked.size)
        print("\n".join(said(image, found[image], asked.size)), flush=True)
    result = {"card": name, "size": asked.size, "images": found}
    file = asked.results / f"gpu-{re.sub('[^A-Za-z0-9]+', '-', name).strip('-')}.json"
    file.write_text(json.dumps(result, indent=1) + "\n")
    if wrong := list(faults(found)):
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OrchestrationError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(getattr(error, "status", 1))
