"""Frameworks: what an image stands on. A base, and the packages that its requirements pin."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from orchestration.errors import UserError
from orchestration.hashing import digest
from orchestration.images import facts, offers
from orchestration.images.facts import Facts
from orchestration.repository import REPOSITORY


@dataclass(frozen=True)
class Framework:
    """What images of one flavour share.

    content: hash of all below. base: the one that the user named in place of ours. image_only:
    whether the flavour has a Dockerfile of its own, which does more than to install lists.
    dockerfile: its text. requirements: {path relative to the repository: text}, as they are
    installed, the list that differs between flavours last.
    """

    name: str
    flavour: str
    content: str
    base: str | None
    image_only: bool
    facts: Facts = field(compare=False)
    dockerfile: str = field(compare=False)
    requirements: Mapping[str, str] = field(compare=False)

    @property
    def reference(self) -> str:
        """The name of the built image."""
        return f"ganfp/{self.name}:{self.flavour}-{self.content[:12]}"


def framework(name: str, flavour: str, base: str | None) -> Framework:
    """The framework of containers/NAME. base: as the user named it.

    Raises UserError if it lacks the flavour.
    """
    known, own = facts.read(name), f"containers/{name}/Dockerfile.{flavour}"
    image_only, path = (REPOSITORY / own).is_file(), _of_flavour(name, flavour, known)
    dockerfile = read(own if image_only else f"containers/{name}/Dockerfile")
    requirements = {**lists(dockerfile), path: read(path)}
    content = digest({"base": base or base_content(known), "flavour": flavour, "data": known.data,
                      "dockerfile": dockerfile, "requirements": list(requirements.values())})
    return Framework(name, flavour, content, base, image_only, known, dockerfile, requirements)


def has(name: str, flavour: str) -> bool:
    """Whether a framework has a flavour."""
    return (REPOSITORY / _requirements(name, flavour)).is_file()


def learn(reference: str) -> None:
    """Take from the name of a framework that is there, such as ganfp/pytorch:cpu-1f0c..., which build for the CPU it
    has: the day may come when pip can have none, and cannot say so.
    """
    name, _, tag = reference.removeprefix("ganfp/").partition(":")
    if not tag.startswith("cpu-") or not (REPOSITORY / "containers" / name / "image.toml").is_file():
        return
    build = _cpu_build(name, facts.read(name))
    if build and not offers.is_known(*build):
        for offered in (False, True):
            offers.learn(*build, offered)
            if framework(name, "cpu", None).reference == reference:
                return
        offers.forget(*build)


def base_content(known: Facts) -> str:
    """What our own base is made of, without the certificates of this host."""
    dockerfile = read("containers/base/Dockerfile")
    return digest({"suite": known.suite, "packages": known.packages, "dockerfile": dockerfile})


def copied(dockerfile: str) -> Iterator[str]:
    """The paths that COPY lines name, without pip/, made for each build, and without arguments."""
    for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
        for path in line.split()[:-1]:
            if path != "pip/" and not path.startswith("$"):
                yield path


def lists(dockerfile: str) -> dict[str, str]:
    """The requirements, and patches of what they name, in COPY lines: {path: text}."""
    return {path: read(path) for path in copied(dockerfile) if path.startswith("containers/")}


def variables(dockerfile: str) -> dict[str, str]:
    """What ENV lines set in the image, but for paths, which are of the image alone."""
    image = dockerfile.rsplit("\nFROM ", 1)[-1]
    words = " ".join(re.findall(r"^ENV (.+)$", image, re.MULTILINE)).split()
    return {name: value for name, _, value in (word.partition("=") for word in words)
            if "/" not in value}


def read(path: str) -> str:
    """The text of a file of the repository."""
    return (REPOSITORY / path).read_text("utf-8")


def _requirements(name: str, flavour: str) -> str:
    return f"containers/{name}/requirements-{flavour}.txt"


def _of_flavour(name: str, flavour: str, known: Facts) -> str:
    """The list of a flavour; CUDA's for the CPU too, where pip has no build for the CPU."""
    if not has(name, flavour):
        raise UserError(f"containers/{name}: has no flavour {flavour}; a method can say `device: "
                        "cpu` in the manifest")
    path, build = _requirements(name, flavour), _cpu_build(name, known)
    if flavour != "cpu" or build is None:
        return path
    return path if offers.has(*build) else _requirements(name, "cuda")


def _cpu_build(name: str, known: Facts) -> tuple[str, str, str] | None:
    """The project, version and Python whose build for the CPU is not on every index, if there is one."""
    if not known.cpu_build:
        return None
    version = re.findall(rf"^{known.cpu_build}==(\S+)", read(_requirements(name, "cpu")), re.MULTILINE)[0]
    return known.cpu_build, f"{version}+cpu", known.python
