"""Environments: what stages run in where there is no Docker, made from the same pinned requirements as the images.

An environment is a folder below ROOT/.environments, named by the hash of what goes into it; the file `ready`
in it appears last. On Python 3 it is a virtual environment, on Python 2.7 a folder of packages.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestration.engines import Tell
from orchestration.errors import BuildFailed, UserError
from orchestration.hashing import digest
from orchestration.recipes import REPOSITORY, Recipe

_PYTHONS = {"bookworm": "python3.11", "bullseye": "python2.7"}
_TWINS = {"python2.7": "; the image sngan-py3 runs the same source files on Python 3: name it in the manifest"}
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

    Raises UserError if this machine lacks what it stands on, BuildFailed if an installation fails.
    """
    python = _python(recipe)
    texts = [(REPOSITORY / name).read_text() for name in _requirements(recipe)]
    content = digest({"python": str(python), "requirements": texts, "debian": _debian_packages(recipe)})
    name = f"{Path(recipe.requirements).parent.name}-{recipe.flavour}-{content[:12]}"  # images may share one
    folder = root.absolute() / ".environments" / name
    with _lock(folder):
        if not (folder / "ready").exists():
            tell({"event": "log", "message": f"making the environment of {recipe.image} ({recipe.flavour})"})
            shutil.rmtree(folder, ignore_errors=True)
            _install(recipe, python, folder)
            _unpack(_debian_packages(recipe), folder)
            (folder / "ready").touch()
    return _environment(recipe, python, folder)


def _environment(recipe: Recipe, python: Path, folder: Path) -> Environment:
    if recipe.base == "bullseye":
        interpreter, path = python, f"{REPOSITORY}:{folder / 'packages'}"
    else:
        interpreter, path = folder / "venv" / "bin" / "python", str(REPOSITORY)
    variables = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return Environment((str(interpreter), *recipe.entrypoint[1:]), variables, f"environment {folder.name}")


def _python(recipe: Recipe) -> Path:
    """The interpreter that the image has."""
    name = _PYTHONS[recipe.base]
    if name == f"python{sys.version_info.major}.{sys.version_info.minor}":
        return Path(sys.base_prefix) / "bin" / name
    elsewhere = sorted(Path.home().glob(f".pyenv/versions/{name.removeprefix('python')}.*/bin/{name}"))
    for candidate in [shutil.which(name), *elsewhere]:
        if candidate and subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return Path(candidate)
    raise UserError(f"image {recipe.image}: runs on {name}, which is not on this machine; install it, or start a "
                    f"Docker Engine{_TWINS.get(name, '')}")


def _requirements(recipe: Recipe) -> list[str]:
    """Files of requirements, in the order in which they are installed."""
    build = f"containers/{recipe.image}/requirements-build.txt"
    return [name for name in (build, recipe.requirements) if (REPOSITORY / name).exists()]


def _install(recipe: Recipe, python: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    if recipe.base == "bullseye":
        for name in _requirements(recipe):
            _run(recipe, [str(python), *_PIP, "--target", str(folder / "packages"), "-r", str(REPOSITORY / name)])
        return
    _run(recipe, [str(python), "-m", "venv", str(folder / "venv")])
    names = _requirements(recipe)
    pip = [str(folder / "venv" / "bin" / "python"), *_PIP, *(["--no-build-isolation"] if len(names) > 1 else [])]
    for name in names[:-1]:
        _run(recipe, [*pip, "-r", str(REPOSITORY / name)])
    try:
        _run(recipe, [*pip, "-r", str(REPOSITORY / names[-1])])
    except BuildFailed:  # as in the Dockerfiles: where no CPU build of PyTorch is to be had, the CUDA build serves
        complete = REPOSITORY / recipe.requirements.replace("-cpu", "-cuda")
        if str(complete.relative_to(REPOSITORY)) not in recipe.files:
            raise
        _run(recipe, [*pip, "-r", str(complete)])


def _debian_packages(recipe: Recipe) -> list[str]:
    """Debian packages of data that the image takes in."""
    return re.findall(r"\blomiri-wallpapers-[\d.]+\d", (REPOSITORY / recipe.dockerfile).read_text())


def _unpack(packages: list[str], folder: Path) -> None:
    if packages and shutil.which("apt-get") is None:
        raise UserError(f"the photographs come in Debian's packages {', '.join(packages)}, and this is no Debian; "
                        "start a Docker Engine")
    target = folder / "debian"
    for name in packages:
        target.mkdir(exist_ok=True)
        _run(name, ["apt-get", "download", name], target)
        _run(name, ["dpkg", "-x", str(next(target.glob(f"{name}_*.deb"))), "."], target)
    if packages:  # what a program finds below its own prefix, as it would find it below /usr
        shutil.copytree(target / "usr" / "share", folder / "venv" / "share", dirs_exist_ok=True)
        shutil.rmtree(target)


def _run(what: Recipe | str, command: list[str], folder: Path | None = None) -> None:
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        name = what if isinstance(what, str) else f"the environment of {what.image} ({what.flavour})"
        last = "\n".join(f"    {line}" for line in done.stdout.strip().splitlines()[-_LAST_LINES:])
        raise BuildFailed(f"{name}: `{' '.join(command)}` ended with {done.returncode}\n  last lines:\n{last}")


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Only one process makes an environment; another waits for it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
