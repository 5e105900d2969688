"""Bases: a Debian, pulled or else bootstrapped, with Python and the host's certificates."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound

from orchestration.errors import BuildFailed
from orchestration.events import Tell
from orchestration.hashing import digest
from orchestration.images import archives, context, frameworks, mirrors, pip_settings
from orchestration.images.facts import Facts
from orchestration.images.mirrors import Sources
from orchestration.repository import REPOSITORY

CERTIFICATES = Path("/usr/local/share/ca-certificates")
LABEL = "ganfp.content"
_SOURCES = "ganfp.sources"  # where its packages come from


def reference(facts: Facts) -> str:
    """The name of the base that `facts` describe."""
    return f"ganfp/base:{facts.suite}-{frameworks.base_content(facts)[:12]}"


def ensure(client: docker.DockerClient, facts: Facts, tell: Tell) -> None:
    """Make a base, with the host's present certificates, unless it is there. Raises BuildFailed."""
    name, suite, sources = reference(facts), facts.suite, mirrors.find(facts.suite)
    files = {"Dockerfile": frameworks.read("containers/base/Dockerfile").encode(), **_certificates()}
    content = digest([name, {path: data.hex() for path, data in files.items()}])
    if label(client, name) == content and (not sources.certain or label(client, name, _SOURCES) == sources.text):
        return
    debian, bare = _debian(client, suite, sources, tell), f"{name}-bare"
    tell({"event": "log", "message": f"base {suite}: adding Python and the host's certificates"})
    arguments = {"DEBIAN": bare, "PACKAGES": " ".join(facts.packages), **pip_settings.proxies()}
    try:
        _make(client, _told(sources), tag=bare, buildargs={"DEBIAN": debian})
        _make(client, files, tag=name, buildargs=arguments, labels={LABEL: content, _SOURCES: sources.text})
    except (APIError, docker.errors.BuildError) as error:
        mend = "see that containers reach the package mirrors"
        raise BuildFailed(f"base {suite}: {error}; {mend}") from error


def _told(sources: Sources) -> dict[str, bytes]:
    """What makes a bare Debian that knows them."""
    dockerfile = frameworks.read("containers/base/sources.Dockerfile").encode()
    return {"Dockerfile": dockerfile, **{f"apt/{path}": data for path, data in sources.files().items()}}


def _make(client: docker.DockerClient, files: context.Files, **options: Any) -> None:
    with context.write(files) as archive:
        client.images.build(fileobj=archive, custom_context=True, rm=True, forcerm=True, **options)


def label(client: docker.DockerClient, name: str, key: str = LABEL) -> str | None:
    """What an image was built of, as its label says; None if there is no such image of ours."""
    try:
        return client.images.get(name).labels.get(key)
    except ImageNotFound:
        return None


def _debian(client: docker.DockerClient, suite: str, sources: Sources, tell: Tell) -> str:
    """A reference to a bare Debian: pulled if a registry answers, else bootstrapped."""
    pulled, made = f"debian:{suite}-slim", f"ganfp/debian:{suite}"
    if client.images.list(made):
        return made
    tell({"event": "log", "message": f"base {suite}: pulling {pulled}"})
    try:
        client.images.pull("debian", f"{suite}-slim")
        return pulled
    except APIError as error:
        reason = " ".join(str(error.explanation or error).split())
    tell({"event": "log",
          "message": f"base {suite}: no registry gave {pulled}; bootstrapping it from packages"})
    archives.of_files(client, _bootstrap(suite, sources, reason), made)
    return made


def _bootstrap(suite: str, sources: Sources, reason: str) -> bytes:
    """A bare Debian as a tar archive. reason: why it could not be pulled."""
    if shutil.which("mmdebstrap") is None:
        raise BuildFailed(f"base {suite}: cannot be pulled ({reason}), and mmdebstrap is not here "
                          "to make it from packages; connect the engine to a registry, or "
                          "apt-get install mmdebstrap")
    with tempfile.TemporaryDirectory() as folder:
        options = _bear_age(Path(folder)) if sources.are_old else []
        command = ["mmdebstrap", "--variant=apt", *options, suite, "-", "-"]
        made = subprocess.run(command, input=sources.text.encode(), capture_output=True, check=False)
    if made.returncode:
        said = made.stderr.decode(errors="replace").strip().splitlines()
        first = " ".join([line for line in said if line.startswith("E: ")][:1] or said[-1:])
        raise BuildFailed(f"base {suite}: mmdebstrap ended with {made.returncode}: {first}")
    return made.stdout


def _bear_age(folder: Path) -> list[str]:
    """Have the host's apt, which runs as a user of its own, take what expired keys signed; the image is told later."""
    folder.chmod(0o755)
    gpgv = Path(shutil.copy(REPOSITORY / mirrors.GPGV, folder))
    gpgv.chmod(0o755)
    return [f'--aptopt=APT::Key::gpgvcommand "{gpgv}"', '--customize-hook=rm "$1/etc/apt/apt.conf.d/99mmdebstrap"']


def _certificates() -> dict[str, bytes]:
    found = sorted(CERTIFICATES.rglob("*.crt"))
    return {"certificates/none": b"",  # the folder has to be there for COPY
            **{f"certificates/{path.name}": path.read_bytes() for path in found}}
