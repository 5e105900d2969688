"""What is told while something runs: the events of a stage and of a build.

A stage is a stranger's program: of what it writes only that is taken for an event which is one, and
of its words nothing that a terminal would obey.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from orchestration.text import printable

Event = Mapping[str, Any]  # {"event": "log", "message": ...} and others: docs/contract.md
Tell = Callable[[Event], None]
USED = ("peak_memory", "cpu_seconds")  # what a stage may say, at its end, that it took: bytes, and of all cores

_LONGEST_MESSAGE = 1000  # characters
_MOST_STEPS = 10 ** 15  # a training of years has less; so have bytes
_A_SECOND = 50  # events that are told of a stage


def parsed(line: bytes) -> Event | None:
    """The event that a line of a stage's standard output is; None for anything else.

    An event has the fields that a display reads, of the types and ranges of the contract, and no others.
    """
    if not line.startswith(b"{"):
        return None
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    kind, message = said.get("event"), said.get("message", "")
    if kind == "progress":
        return _progress(said)
    if kind in ("log", "warning") and isinstance(message, str):
        return {"event": kind, "message": printable(message, _LONGEST_MESSAGE)}
    return {"event": kind, **_used(said)} if kind == "done" else None


class Throttle:
    """Lets through so many events a second as a person may want to see; a stage may write millions.

    seconds: a clock.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._now, self._left = seconds, 0, 0

    def passes(self) -> bool:
        """Whether one more event is to be told."""
        now = int(self._seconds())
        if now != self._now:
            self._now, self._left = now, _A_SECOND
        self._left -= 1
        return self._left >= 0


def _used(said: Mapping[str, Any]) -> dict[str, float]:
    return {name: said[name] for name in USED
            if isinstance(said.get(name), int | float) and 0 <= said[name] <= _MOST_STEPS}


def _progress(said: Mapping[str, Any]) -> Event | None:
    step, total, speed = said.get("step"), said.get("total"), said.get("images_per_second")
    if type(step) is not int or type(total) is not int or not 0 <= step <= total <= _MOST_STEPS:
        return None
    event: dict[str, Any] = {"event": "progress", "step": step, "total": total}
    if isinstance(speed, int | float) and 0 <= speed <= _MOST_STEPS:  # which NaN is not
        event["images_per_second"] = speed
    return event
