"""What a stage writes: events on standard output, one JSON object a line; everything else goes to its log.

It is a stranger's: lines without end are cut, a log that grows without end is ended, and what would
make a terminal do something is written as text.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from orchestration.events import Event, parsed
from orchestration.text import printable

_KEPT_LINES = 20
_TOLD = 1000  # characters of a line that is kept in mind
_LONGEST_LINE = 1 << 16  # bytes
_LARGEST_LOG = 1 << 28  # bytes that one run of a stage may add to it
_CUT = b" ... (a line of more than %d bytes, cut)" % _LONGEST_LINE
_FULL = b"(the log is full: what follows is not kept)\n"


class Log:
    """The log of a stage: a context in which it is open for appending. It keeps the last lines in mind."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._output, self._errors = _Lines(), _Lines()
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)
        self._room = _LARGEST_LOG

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
        event = parsed(line)
        if event is None or event["event"] != "progress":  # progress would drown what one reads a log for
            self._keep(line)
        if event is not None:
            yield event

    def _keep(self, line: bytes) -> None:
        if not line.strip():
            return
        text = printable(line.decode("utf-8", "backslashreplace"))
        self._last.append(printable(text, _TOLD))
        if self._room <= 0:
            return
        content = text.encode() + b"\n"
        self._room -= len(content)
        try:
            self._stream.write(content if self._room > 0 else _FULL)
        except OSError as error:
            if error.errno != errno.ENOSPC:  # on a full disk the stage will end, and its last lines say why
                raise


class _Lines:
    """Chunks in, whole lines out; of a line that is too long, its beginning."""

    def __init__(self) -> None:
        self._rest = b""

    def add(self, chunk: bytes) -> list[bytes]:
        first, *others = chunk.split(b"\n")
        lines = [self._rest + first[:_LONGEST_LINE + 1 - len(self._rest)], *others]
        self._rest = lines.pop()
        return [line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + _CUT for line in lines]
