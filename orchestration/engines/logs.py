"""What a stage writes: events on standard output, one JSON object a line; everything else goes to its log."""

from __future__ import annotations

import errno
import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from orchestration.events import Event

_KEPT_LINES = 20


class Log:
    """The log of a stage: a context in which it is open for appending. It keeps the last lines in mind."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._output, self._errors = _Lines(), _Lines()
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)

    def __enter__(self) -> Log:
        self._stream = self._path.open("ab", buffering=0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stream.close()

    def last_lines(self) -> tuple[str, ...]:
        """The last lines that say something to a person."""
        return tuple(self._last)

    def errors(self, chunk: bytes) -> None:
        """Keep what came on standard error, cut anywhere."""
        for line in self._errors.add(chunk):
            self._keep(line)

    def output(self, chunk: bytes) -> Iterator[Event]:
        """Take what came on standard output, cut anywhere; yield the events of the lines that are whole."""
        for line in self._output.add(chunk):
            yield from self._line(line)

    def end(self) -> Iterator[Event]:
        """Take the last lines, if they were not ended."""
        self.errors(b"\n")
        yield from self.output(b"\n")

    def _line(self, line: bytes) -> Iterator[Event]:
        event = _event(line)
        if event is None or event["event"] != "progress":  # progress would drown what one reads a log for
            self._keep(line)
        if event is not None:
            yield event

    def _keep(self, line: bytes) -> None:
        if not line.strip():
            return
        self._last.append(line.decode("utf-8", "replace"))
        try:
            self._stream.write(line + b"\n")
        except OSError as error:
            if error.errno != errno.ENOSPC:  # on a full disk the stage will end, and its last lines say why
                raise


class _Lines:
    """Chunks in, whole lines out."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, chunk: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return lines


def _event(line: bytes) -> Event | None:
    if not line.startswith(b"{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and isinstance(value.get("event"), str) else None
