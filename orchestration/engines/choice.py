"""Which engine runs the stages: the one that was asked for, else Docker where there is one, else processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestration.engines import Engine, docker
from orchestration.engines.process import ProcessEngine
from orchestration.errors import NoEngine


def choose(name: str | None, root: Path, say: Callable[[str], None]) -> Engine:
    """The engine `name`, or the best there is, with a line about what is lost if that is not Docker.

    root: the repository. Raises NoEngine if Docker was asked for and does not answer.
    """
    if name == "process":
        return ProcessEngine(root)
    try:
        return docker.connect()
    except NoEngine:
        if name == "docker":
            raise
    say("no Docker Engine answers: stages run as processes of this machine, neither isolated nor limited in memory")
    return ProcessEngine(root)
