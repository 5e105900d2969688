"""Environments: what stages run in without Docker, made from the same recipes as the images.

Below ROOT/.environments, what is installed is a folder named by its hash, in which the file `ready`
appears last: on Python 3 a virtual environment, on Python 2.7 a folder of packages. Images share
it, as they share a framework; packages of an image alone are in a folder beside it. Their code is a
snapshot in code/, a folder that appears by rename.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration import host, leases
from orchestration.errors import BuildFailed, UserError
from orchestration.events import Tell
from orchestration.hashing import digest
from orchestration.images import frameworks
from orchestration.images.frameworks import Framework
from orchestration.images.recipes import Recipe

_PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--require-hashes")
_LAST_LINES = 8


@dataclass(frozen=True)
class Environment:
    """How to start what an image would start. identity: what stage.json calls it."""

    command: tuple[str, ...]
    variables: Mapping[str, str]
    identity: str


def ensure(recipe: Recipe, root: Path, tell: Tell) -> Environment:
    """The environment of `recipe`, made unless it is there.

    Raises UserError if this machine lacks what it stands on, or a file changed since the recipe was
    made; BuildFailed if an installation fails.
    """
    framework, top = recipe.framework, root.absolute() / ".environments"
    if framework.image_only:
        raise UserError(f"image {recipe.name}: its flavour {recipe.flavour} is built for containers "
                        "alone; start a Docker Engine, or say `device: cpu` in the manifest")
    python, lists = _python(recipe.name, framework), list(framework.requirements.values())
    folder = _made(top / f"{framework.name}-{framework.flavour}",
                   [str(python), lists, framework.facts.data], tell,
                   lambda folder: _install(framework, python, folder))
    if (folder / "venv").is_dir():
        python = folder / "venv" / "bin" / "python"
    folders = [folder]
    if recipe.requirements:
        own = list(recipe.requirements.values())
        folders.append(_made(top / f"{recipe.name}-{recipe.flavour}", [folder.name, own], tell,
                             lambda folder: _install_own(own, python, folder)))
    return _environment(recipe, python, folders, _snapshot(recipe, top / "code"))


def _made(place: Path, content: Any, tell: Tell, install: Callable[[Path], None]) -> Path:
    """The folder PLACE-HASH of this content, which `install` fills unless it is whole."""
    folder = place.with_name(f"{place.name}-{digest(content)[:12]}")
    with leases.hold(folder.with_name(f"{folder.name}.lease")):
        if not (folder / "ready").exists():
            tell({"event": "log", "message": f"making the environment {folder.name}"})
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            install(folder)
            (folder / "ready").touch()
    return folder


def _environment(recipe: Recipe, python: Path, folders: Sequence[Path], code: Path) -> Environment:
    packages = [folder / "packages" for folder in folders if (folder / "packages").is_dir()]
    variables = {**frameworks.variables(recipe.framework.dockerfile),
                 "PYTHONPATH": ":".join(map(str, [code, *packages]))}
    command = (str(python), "-m", recipe.package, *recipe.words)
    names = ", ".join(f"environment {folder.name}" for folder in folders)
    return Environment(command, variables, f"{names}, code {code.name}")


def _snapshot(recipe: Recipe, folder: Path) -> Path:
    """The code of an image as its recipe says it: edits under a study do not reach its stages."""
    wanted = folder / recipe.build[:12]
    if wanted.is_dir():
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as new:
        for file in recipe.files:
            place = Path(new, "code", file)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(recipe.read(file))
        try:
            Path(new, "code").rename(wanted)
        except OSError:
            if not wanted.is_dir():  # it is, where another process was quicker
                raise
    return wanted


def _python(image: str, framework: Framework) -> Path:
    """The interpreter that the image has."""
    version, name = framework.facts.python, f"python{framework.facts.python}"
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.base_prefix) / "bin" / name
    elsewhere = sorted(host.home().glob(f".pyenv/versions/{version}.*/bin/{name}"))
    for candidate in [shutil.which(name), *elsewhere]:
        if candidate and _starts(candidate):
            return Path(candidate)
    raise UserError(f"image {image}: runs on {name}, which is not on this machine; install it "
                    f"(`pyenv install {version}`), or start a Docker Engine")


def _starts(python: str | Path) -> bool:
    """Whether it is more than a shim."""
    return subprocess.run([python, "--version"], capture_output=True, check=False).returncode == 0


def _install(framework: Framework, python: Path, folder: Path) -> None:
    _install_requirements(framework, python, folder)
    _unpack(framework.facts.data, folder)


def _install_requirements(framework: Framework, python: Path, folder: Path) -> None:
    """Every list, the last one built with what those before it installed."""
    if framework.facts.python.startswith("2"):
        pip = [str(python), *_PIP, "--target", str(folder / "packages")]
    else:
        _run(folder.name, [str(python), "-m", "venv", str(folder / "venv")])
        pip = [str(folder / "venv" / "bin" / "python"), *_PIP]
    for number, text in enumerate(framework.requirements.values()):
        isolated = [] if number == 0 else ["--no-build-isolation"]
        _run_pip([*pip, *isolated], text, folder, number)


def _install_own(lists: Sequence[str], python: Path, folder: Path) -> None:
    """What an image adds to its framework, with which it is built."""
    pip = [str(python), *_PIP, "--no-build-isolation", "--target", str(folder / "packages")]
    for number, text in enumerate(lists):
        _run_pip(pip, text, folder, number)


def _run_pip(pip: list[str], requirements: str, folder: Path, number: int) -> None:
    listed = folder / f"requirements-{number}.txt"
    listed.write_text(requirements)
    _run(folder.name, [*pip, "-r", str(listed)])


def _unpack(packages: Sequence[str], folder: Path) -> None:
    """Put Debian packages of data below folder/venv, where programs look as below /usr."""
    if packages and shutil.which("apt-get") is None:
        raise UserError(f"the photographs come in Debian's packages {', '.join(packages)}, and "
                        "this is no Debian; start a Docker Engine")
    target = folder / "debian"
    for name in packages:
        target.mkdir(exist_ok=True)
        _run(name, ["apt-get", "download", name], target)
        _run(name, ["dpkg", "-x", str(next(target.glob(f"{name}_*.deb"))), "."], target)
    if packages:
        shutil.copytree(target / "usr" / "share", folder / "venv" / "share", dirs_exist_ok=True)
        shutil.rmtree(target)


def _run(what: str, command: list[str], folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        last = [f"    {line}" for line in done.stdout.strip().splitlines()[-_LAST_LINES:]]
        ended = f"{what}: `{' '.join(command)}` ended with {done.returncode}"
        raise BuildFailed("\n".join([ended, "  last lines:", *last]))
