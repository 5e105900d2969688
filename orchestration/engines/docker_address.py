"""Where the Docker Engine listens, and why it may not answer."""

import socket
from typing import Any

import docker
from docker.utils import kwargs_from_env


def settings() -> dict[str, Any]:
    """How to reach it: DOCKER_HOST, the context of the `docker` command, or the usual socket."""
    found = dict(kwargs_from_env())
    if "base_url" not in found:
        context = docker.ContextAPI.get_current_context()
        found["base_url"] = (context and context.Host) or "unix:///var/run/docker.sock"
    return found


def knock(address: str) -> None:
    """Raise OSError if nobody listens at a local address; docker-py would leave its socket open."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(address.removeprefix("unix://"))


def reason(error: BaseException) -> str:
    """What is at the bottom of an error of a connection."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())
