"""Ctrl-C, SIGTERM and the end of the terminal: an orderly end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from orchestration.errors import Stopped


@contextmanager
def interruptible(again: str) -> Iterator[None]:
    """Turn an interruption of the block into Stopped. again: the command that continues."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(number, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(f"stopped; what is done is kept, and this continues it: {again}") from None


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
