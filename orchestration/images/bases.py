"""Bases: a Debian, pulled or else bootstrapped, with Python and the host's certificates."""

import shutil
import subprocess
from pathlib import Path

import docker
from docker.errors import APIError, ImageNotFound

from orchestration.errors import BuildFailed
from orchestration.events import Tell
from orchestration.hashing import digest
from orchestration.images import archives, context, frameworks, pip_settings
from orchestration.images.facts import Facts

CERTIFICATES = Path("/usr/local/share/ca-certificates")
LABEL = "ganfp.content"


def reference(facts: Facts) -> str:
    """The name of the base that `facts` describe."""
    return f"ganfp/base:{facts.suite}-{frameworks.base_content(facts)[:12]}"


def ensure(client: docker.DockerClient, facts: Facts, tell: Tell) -> None:
    """Make a base, with the host's present certificates, unless it is there. Raises BuildFailed."""
    name, suite = reference(facts), facts.suite
    dockerfile = frameworks.read("containers/base/Dockerfile").encode()
    files = {"Dockerfile": dockerfile, **_certificates()}
    content = digest([name, {path: data.hex() for path, data in files.items()}])
    if label(client, name) == content:
        return
    debian = _debian(client, suite, tell)
    tell({"event": "log", "message": f"base {suite}: adding Python and the host's certificates"})
    arguments = {"DEBIAN": debian, "PACKAGES": " ".join(facts.packages), **pip_settings.proxies()}
    try:
        with context.write(files) as archive:
            client.images.build(fileobj=archive, custom_context=True, tag=name, buildargs=arguments,
                                labels={LABEL: content}, rm=True, forcerm=True)
    except (APIError, docker.errors.BuildError) as error:
        mend = "see that containers reach the package mirrors"
        raise BuildFailed(f"base {suite}: {error}; {mend}") from error


def label(client: docker.DockerClient, name: str) -> str | None:
    """What an image was built of, as its label says; None if there is no such image of ours."""
    try:
        return client.images.get(name).labels.get(LABEL)
    except ImageNotFound:
        return None


def _debian(client: docker.DockerClient, suite: str, tell: Tell) -> str:
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
    archives.load(client, _bootstrap(suite, reason), made)
    return made


def _bootstrap(suite: str, reason: str) -> bytes:
    """A bare Debian as a tar archive. reason: why it could not be pulled."""
    if shutil.which("mmdebstrap") is None:
        raise BuildFailed(f"base {suite}: cannot be pulled ({reason}), and mmdebstrap is not here "
                          "to make it from packages; connect the engine to a registry, or "
                          "apt-get install mmdebstrap")
    command = ["mmdebstrap", "--variant=apt", suite, "-"]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        last = " ".join(made.stderr.decode(errors="replace").strip().splitlines()[-1:])
        raise BuildFailed(f"base {suite}: mmdebstrap ended with {made.returncode}: {last}")
    return made.stdout


def _certificates() -> dict[str, bytes]:
    found = sorted(CERTIFICATES.rglob("*.crt"))
    return {"certificates/none": b"",  # the folder has to be there for COPY
            **{f"certificates/{path.name}": path.read_bytes() for path in found}}
