"""Where the Docker Engine listens, and why it may not answer."""

import os
import socket
from typing import Any

import docker
from docker.context.config import get_current_context_name
from docker.utils import kwargs_from_env

from orchestration.errors import NoEngine

_USUAL = "unix:///var/run/docker.sock"


def settings() -> dict[str, Any]:
    """How to reach it, as the `docker` command does: by DOCKER_HOST, the context of DOCKER_CONTEXT or
    of its configuration, or the usual socket; with TLS and DOCKER_API_VERSION. Raises NoEngine where
    these settings cannot be read.
    """
    version = os.environ.get("DOCKER_API_VERSION")
    try:
        found = kwargs_from_env() if os.environ.get("DOCKER_HOST") else _of_context()
    except Exception as error:  # noqa: BLE001 - docker-py raises no other for a damaged context
        raise NoEngine(
            f"what the variables DOCKER_... and ~/.docker say cannot be used: {reason(error)}; mend "
            "or remove it, or run without: --engine process") from error
    return {"base_url": _USUAL, **found, **({"version": version} if version else {})}


def _of_context() -> dict[str, Any]:
    name = os.environ.get("DOCKER_CONTEXT") or get_current_context_name()
    if docker.ContextAPI.get_context(name) is None:
        raise LookupError(f"there is no context {name!r}")
    return {**kwargs_from_env(), **docker.ContextAPI.kwargs_from_context(name)}


def knock(address: str) -> None:
    """Raise OSError if nobody listens at a local address; docker-py would leave its socket open."""
    kind, _, path = address.partition("://")
    if kind in ("unix", "http+unix"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(path)


def reason(error: BaseException) -> str:
    """What is at the bottom of an error of a connection."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())
