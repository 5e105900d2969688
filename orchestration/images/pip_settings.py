"""What the host's pip is told, for the pip inside a build: index, wheels, certificates, proxies."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from orchestration import host
from orchestration.errors import BuildFailed
from orchestration.hashing import digest

_PASSED_ON = ("index-url", "extra-index-url", "trusted-host", "timeout", "default-timeout",
              "retries")
_INSIDE = "/pip/wheels"
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"  # in every base; old pips look at their own
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def configuration() -> str:
    """A pip.conf for the inside of a build.

    Local folders of wheels are shown at /pip/wheels (see `wheels`); an index that is a local folder
    cannot be reached from there and is left out.
    """
    stated = {name: _reachable(value) for name, value in _settings().items() if name in _PASSED_ON}
    remote = [place for place in _find_links() if not Path(place).is_dir()]
    return "\n".join(["[global]", f"cert = {_CERTIFICATES}",
                      *(f"{name} = {value}" for name, value in stated.items() if value),
                      "find-links =", *(f"    {place}" for place in [*remote, _INSIDE]), ""])


def fingerprint() -> str:
    """A hash of all that pip is told: its variables and files. Asks no pip: it takes no time."""
    told = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return digest([told, [path.read_text("utf-8") for path in _files() if path.is_file()]])


def wheels(requirements: str) -> list[Path]:
    """Files in the host's local folders of wheels for what `requirements`, a text, names."""
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==", requirements, re.MULTILINE)
    named = {_normal(name) for name in pins}
    folders = [Path(place) for place in _find_links() if Path(place).is_dir()]
    return sorted(file for folder in folders for file in folder.glob("*.whl")
                  if _normal(file.name.split("-")[0]) in named)


def fetch(requirements: str, folder: Path) -> list[Path]:
    """What hashed requirements name, fetched to `folder` by the host's pip. Raises BuildFailed."""
    listed = folder / "requirements.txt"
    listed.write_text(requirements)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command = [*pip, "--requirement", str(listed), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "".join(done.stderr.strip().splitlines()[-1:])
        raise BuildFailed(f"the host's pip cannot fetch what this build needs: {last}")
    return sorted(folder.glob("*.whl"))


def proxies() -> dict[str, str]:
    """The host's proxy variables, as arguments of a build."""
    return {name: os.environ[name] for name in _PROXIES if name in os.environ}


@cache
def _settings() -> dict[str, str]:
    """pip's settings by name, from its files and its environment, the environment first."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    found = dict(re.findall(r"^(?:global|install)\.([a-z-]+)='(.*)'$", listed.stdout, re.MULTILINE))
    return found | dict(re.findall(r"^:env:\.([a-z-]+)='(.*)'$", listed.stdout, re.MULTILINE))


def _files() -> list[Path]:
    """Where pip looks for its settings, whether or not something is there."""
    folders = [*os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":"),
               os.environ.get("XDG_CONFIG_HOME", host.home() / ".config"),
               host.home() / "Library" / "Application Support"]
    return [Path("/etc/pip.conf"), *(Path(folder) / "pip" / "pip.conf" for folder in folders),
            host.home() / ".pip" / "pip.conf", Path(sys.prefix) / "pip.conf",
            Path(os.environ.get("PIP_CONFIG_FILE", "/etc/pip.conf"))]


def _find_links() -> Iterator[str]:
    stated = _settings().get("find-links", "").replace("\\n", " ")
    return iter(stated.replace("file://", "").split())


def _reachable(value: str) -> str:
    places = value.replace("\\n", " ").split()
    return " ".join(place for place in places if not place.startswith("file:"))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
