"""SNGAN's CUDA flavour on GPUs that are not there: `python -m tests.gpu.dryrun.dryrun`.

pretended.c answers in place of NVIDIA's driver, in the image as it is shipped: every kernel is compiled for the
GPU, every call is made, and nothing is computed. So it shows that the image can be used, not that it is right.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from orchestration import images
from tests.conformance.callers import Container, call
from tests.conformance.trial import image_set, last

CAPABILITIES = ("5.0", "7.5", "8.0", "8.6", "8.9", "9.0")  # from Maxwell to Hopper
_SETTINGS = '{"width": 4, "latent_size": 8, "minibatch": 4, "iterations": 1, "discriminator_steps": 1}'
_COMPILE = ["cc", "-std=c11", "-O1", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1"]


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
    made = folder / "pretended.so"
    subprocess.run([*_COMPILE, Path(__file__).with_name("pretended.c"), "-o", made], check=True)
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
    """Print a line for each GPU; the exit status is 1 if one of them fails."""
    image, failed = images.recipe("sngan", "cuda").reference, False
    if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode:
        sys.exit(f"{image} is not there: orchestrate.py images sngan --flavour cuda")
    with tempfile.TemporaryDirectory() as place:
        made = library(Path(place))
        for capability in CAPABILITIES:
            folder = Path(place, capability)
            folder.mkdir()
            try:
                counted = dry_run(Pretended(image, made, capability), folder)
                said = "; ".join(f"{verb}: {numbers}" for verb, numbers in counted.items())
                print(f"{capability}: done; {said}", flush=True)
            except Failed as error:
                failed = True
                print(f"{capability}: failed; {error}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
