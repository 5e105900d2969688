"""What a stage writes: events on standard output, one JSON object a line; everything else goes to its log."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

Event = Mapping[str, Any]
_TAIL_BYTES = 1 << 16


class Log:
    """The log of a stage, open for appending."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("ab", buffering=0)  # noqa: SIM115 - closed by __exit__
        self._rest = b""

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def fileno(self) -> int:
        """So that a process can write to it as its standard error."""
        return self._stream.fileno()

    def errors(self, chunk: bytes) -> None:
        """Keep what came on standard error."""
        self._stream.write(chunk)

    def output(self, chunk: bytes) -> Iterator[Event]:
        """Take what came on standard output, cut anywhere; yield the events of the lines that are whole."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            yield from self._line(line)

    def end(self) -> Iterator[Event]:
        """Take the last line, if it was not ended."""
        if self._rest:
            yield from self._line(self._rest)
            self._rest = b""

    def _line(self, line: bytes) -> Iterator[Event]:
        event = _event(line)
        if event is None or event["event"] != "progress":  # progress would drown what one reads a log for
            self._stream.write(line + b"\n")
        if event is not None:
            yield event


def tail(path: Path, start: int, count: int = 20) -> list[str]:
    """The last `count` lines of a log, of what was written after the first `start` bytes."""
    with path.open("rb") as stream:
        stream.seek(max(start, path.stat().st_size - _TAIL_BYTES))
        text = stream.read().decode("utf-8", "replace")
    return [line for line in text.splitlines() if line.strip()][-count:]


def _event(line: bytes) -> Event | None:
    if not line.startswith(b"{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("event"), str) else None
