"""Which engine runs the stages: the one that was asked for, else the first that answers."""

import importlib
from collections.abc import Callable

from orchestration.engines import ENGINES, HERE, Engine
from orchestration.errors import NoEngine


def connect(name: str) -> Engine:
    """The engine `name`. Raises NoEngine if it does not answer."""
    engine: Engine = importlib.import_module(ENGINES[name]).connect()
    return engine


def choose(name: str | None, say: Callable[[str], None]) -> Engine:
    """The engine `name`, or the best there is, with a line about what is lost if that is another.

    Raises NoEngine if the one that was asked for, or every one, does not answer.
    """
    if name is not None:
        return connect(name)
    engine, silent = best()
    if silent:
        say(f"no engine {' or '.join(silent)} answers: {engine.caution}")
    return engine


def best() -> tuple[Engine, dict[str, NoEngine]]:
    """The best engine that answers, and why better ones do not. Raises NoEngine if none answers."""
    silent: dict[str, NoEngine] = {}
    for name in HERE:
        try:
            return connect(name), silent
        except NoEngine as error:
            silent[name] = error
    raise NoEngine("\n".join(str(error) for error in silent.values()))
