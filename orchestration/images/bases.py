"""Bases: a Debian with Python and the host's certificates, pulled or, where nothing can be pulled, bootstrapped."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from orchestration import pip_settings
from orchestration.engines import Tell
from orchestration.errors import BuildFailed
from orchestration.hashing import digest
from orchestration.recipes import REPOSITORY

CERTIFICATES = Path("/usr/local/share/ca-certificates")
_DOCKERFILE = REPOSITORY / "containers" / "base" / "Dockerfile"
_PACKAGES = {
    "bookworm": "python3 python3-venv",
    "bullseye": "python2.7 python-setuptools",  # the last Debian with Python 2.7
}
_LABEL = "ganfp.content"


def reference(suite: str) -> str:
    """The name of the base made of a Debian suite."""
    return f"ganfp/base:{suite}"


def ensure(client: docker.DockerClient, suite: str, tell: Tell) -> None:
    """Make the base of `suite` unless it is there. Raises BuildFailed."""
    files = {"Dockerfile": _DOCKERFILE.read_bytes(), **_certificates()}
    content = digest({"packages": _PACKAGES[suite], **{name: data.hex() for name, data in files.items()}})
    try:
        if client.images.get(reference(suite)).labels.get(_LABEL) == content:
            return
    except ImageNotFound:
        pass
    debian = _debian(client, suite, tell)
    tell({"event": "log", "message": f"base {suite}: adding Python and the host's certificates"})
    arguments = {"DEBIAN": debian, "PACKAGES": _PACKAGES[suite], **pip_settings.proxies()}
    try:
        client.images.build(fileobj=_context(files), custom_context=True, tag=reference(suite), buildargs=arguments,
                            labels={_LABEL: content}, rm=True, forcerm=True)
    except (APIError, docker.errors.BuildError) as error:
        raise BuildFailed(f"base {suite}: {error}; see that containers reach the package mirrors") from error


def _debian(client: docker.DockerClient, suite: str, tell: Tell) -> str:
    """A reference to a bare Debian: pulled if a registry answers, else bootstrapped from Debian's packages."""
    pulled, made = f"debian:{suite}-slim", f"ganfp/debian:{suite}"
    if client.images.list(made):
        return made
    tell({"event": "log", "message": f"base {suite}: pulling {pulled}"})
    try:
        client.images.pull("debian", f"{suite}-slim")
        return pulled
    except APIError as error:
        reason = " ".join(str(error.explanation or error).split())
    tell({"event": "log", "message": f"base {suite}: no registry gave {pulled}; bootstrapping it from packages"})
    _import(made, _bootstrap(suite, reason))
    return made


def _bootstrap(suite: str, reason: str) -> bytes:
    """A bare Debian as a tar archive. reason: why it could not be pulled."""
    if shutil.which("mmdebstrap") is None:
        raise BuildFailed(f"base {suite}: cannot be pulled ({reason}), and mmdebstrap is not here to make it from "
                          "packages; connect the engine to a registry, or apt-get install mmdebstrap")
    made = subprocess.run(["mmdebstrap", "--variant=apt", suite, "-"], capture_output=True, check=False)
    if made.returncode:
        last = made.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BuildFailed(f"base {suite}: mmdebstrap ended with {made.returncode}: {' '.join(last)}")
    return made.stdout


def _import(reference: str, archive: bytes) -> None:
    subprocess.run(["docker", "import", "-", reference], input=archive, capture_output=True, check=True)


def _certificates() -> dict[str, bytes]:
    found = {f"certificates/{path.name}": path.read_bytes() for path in sorted(CERTIFICATES.rglob("*.crt"))}
    return {"certificates/none": b"", **found}  # the folder has to be there for COPY


def _context(files: dict[str, bytes]) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    stream.seek(0)
    return stream
