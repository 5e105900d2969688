"""CUDA flavours on GPUs that are not there: `python -m tests.gpu.dryrun.dryrun`.

SNGAN: pretended.c answers in place of NVIDIA's driver, in the image as it is shipped: every kernel is compiled for the
GPU, every call is made, and nothing is computed. So it shows that the image can be used, not that it is right.

TensorFlow's: seen.c lets its rooms look for a GPU. They see one if TensorFlow finds all of CUDA's libraries.
"""

import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from orchestration import images
from tests.conformance.callers import Container, call
from tests.conformance.trial import image_set, last

CAPABILITIES = ("5.0", "7.5", "8.0", "8.6", "8.9", "9.0")  # from Maxwell to Hopper
_SETTINGS = '{"width": 4, "latent_size": 8, "minibatch": 4, "iterations": 1, "discriminator_steps": 1}'
DEVICES = {"progan": "sources.progan", "attribution": "attribution", "perception": "attribution"}  # who have `device`
_COMPILE = ["cc", "-std=c11", "-O1", "-shared", "-fPIC"]


class Failed(Exception):
    """A kernel was not compiled, or a call was refused; the text is the last line that was said."""


class Pretended(Container):
    """An image of the local Docker Engine on a pretended GPU. refuses: a call that this does not answer."""

    def __init__(self, image, library, capability, refuses=""):
        super().__init__(image)
        self._options = ["--volume", f"{library}:/pretended.so:ro", "--env", "LD_PRELOAD=/pretended.so",
                         "--env", f"PRETENDED_CAPABILITY={capability.replace('.', '')}",
                         "--env", f"PRETENDED_REFUSES={refuses}"]

    def command(self, verb, reads, out, arguments):
        """As that of a container."""
        words = super().command(verb, reads, out, arguments)
        at = words.index(self.image)
        return [*words[:at], *self._options, *words[at:]]


def library(folder):
    """Compile pretended.c; the library's path."""
    return _compiled("pretended.c", folder, "libcuda.so.1")


def seen(image, reference, folder):
    """Where a room of TensorFlow computes when it is asked for a GPU, and there seems to be one. Raises Failed."""
    made = [_compiled("seen.c", folder, name) for name in ("libcuda.so.1", "libnvidia-ml.so.1")]
    mounts = [word for path in made for word in ("--volume", f"{path}:/{path.name}:ro")]
    ended = subprocess.run(
        ["docker", "run", "--rm", "--network", "none", *mounts, "--entrypoint", "python",
         "--env", "LD_PRELOAD=" + " ".join(f"/{path.name}" for path in made), reference,
         "-c", f"from {DEVICES[image]} import device; print(device.choose('cuda'))"],
        capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Failed(last(ended.stderr.splitlines()))
    return ended.stdout.strip()


def _compiled(source, folder, name):
    """A library of that name, made of a file beside this one; its path."""
    made = folder / name
    subprocess.run([*_COMPILE, f"-Wl,-soname,{name}", Path(__file__).with_name(source), "-o", made], check=True)
    return made


def dry_run(image, folder):
    """Train for one iteration and generate; what was counted, for each. Raises Failed."""
    (folder / "config.json").write_text(_SETTINGS)
    reads = {"images": image_set(folder / "images", 32, 8), "config": folder / "config.json"}
    return {"train": _counted(call(image, "train", reads, folder / "model", ("--device", "cuda"))),
            "generate": _counted(call(image, "generate", {"model": folder / "model"}, folder / "fakes",
                                      ("--count", "4", "--device", "cuda")))}


def _counted(ended):
    """What pretended.c says at its end, such as "30 kernels, 1053 launches, 5506 calls"."""
    said = [line.partition("pretended: ")[2] for line in ended.errors if line.startswith("pretended: ")]
    rest = [line for line in ended.errors if not line.startswith("pretended: ")]
    if ended.status or ended.events[-1]["event"] != "done" or not said:
        raise Failed(f"exit status {ended.status}: {last([line for line in rest if line])}")
    return said[0]


def main():
    """Print a line for each GPU and image; the exit status is 1 if one of them fails."""
    references = {name: images.recipe(name, "cuda").reference for name in ("sngan", *DEVICES)}
    for image in references.values():
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode:
            sys.exit(f"{image} is not there: orchestrate.py images {' '.join(references)} --flavour cuda")
    with tempfile.TemporaryDirectory() as place:
        made = library(Path(place))
        tries = {f"sngan {capability}": partial(_counts, Pretended(references["sngan"], made, capability))
                 for capability in CAPABILITIES}
        tries |= {name: partial(seen, name, references[name]) for name in DEVICES}
        results = [_tried(name, attempt, Path(place, name)) for name, attempt in tries.items()]
    sys.exit(not all(results))


def _counts(image, folder):
    return "; ".join(f"{verb}: {numbers}" for verb, numbers in dry_run(image, folder).items())


def _tried(name, attempt, folder):
    """Whether it went well; a line says so."""
    folder.mkdir()
    try:
        print(f"{name}: done; {attempt(folder)}", flush=True)
    except Failed as error:
        print(f"{name}: failed; {error}", flush=True)
        return False
    return True


if __name__ == "__main__":
    main()
