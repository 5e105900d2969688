"""Runs a reader on hostile input and sees what it does: what it writes, runs, imports, raises, and for how long.

Python tells an audit hook of every file that is opened and every command that is run (sys.addaudithook).
"""

import contextlib
import io
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from sources.contract.errors import BadInput

_FORBIDDEN = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "subprocess.", "socket.", "ctypes.",
              "exec", "compile", "import", "pickle.find_class", "os.chmod", "os.symlink", "os.link", "os.kill")
_WRITING = {"os.remove": 1, "os.rename": 2, "os.mkdir": 1, "os.rmdir": 1, "os.truncate": 1, "shutil.rmtree": 1}
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class TooLong(BaseException):
    """The reader did not end in time. No Exception, so that no reader can catch it."""


class Watch:
    """Audits what happens inside `with watch:`. seen: the forbidden events."""

    def __init__(self, folder, seconds):
        self.folder, self.seconds = os.path.realpath(folder), seconds
        self.seen = []
        self._on = False
        sys.addaudithook(self._hook)

    def __enter__(self):
        self.seen = []
        signal.signal(signal.SIGALRM, self._alarm)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)
        self._on = True
        return self

    def __exit__(self, *error):
        self._on = False
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _alarm(self, number, frame):
        raise TooLong

    def _hook(self, event, arguments):
        if not self._on:
            return
        if event.startswith(_FORBIDDEN) and not _is_harmless(event, arguments):
            self.seen.append(f"{event} {arguments[0]!r}"[:200])
        elif event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITE_FLAGS:
            self._written(event, arguments[:1])
        elif event in _WRITING:
            self._written(event, arguments[:_WRITING[event]])

    def _written(self, event, paths):
        for path in paths:
            if not isinstance(path, int) and not os.path.realpath(path).startswith(self.folder + os.sep):
                self.seen.append(f"{event} {path!r}"[:200])


def _is_harmless(event, arguments):
    """Python loads codecs, and its table of letters, when it first needs them; NumPy parses headers as literals."""
    if event == "import":
        return str(arguments[0]).startswith(("encodings", "unicodedata"))
    if event == "compile":
        return arguments[1] == "<unknown>"  # so ast.literal_eval calls what it parses
    return event == "exec" and f"{os.sep}encodings{os.sep}" in arguments[0].co_filename


class Runner:
    """Feeds inputs to a reader, a function (path, out folder), one after the other.

    What is wrong with an input: anything but success or BadInput; a message that is not one short line; anything
    written after BadInput, or ever outside of the out folder; code run or imported; more than `seconds`.
    """

    def __init__(self, reader, seconds=20):
        self.reader = reader
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        self.accepted = self.refused = 0
        self._watch = Watch(self.folder / "out", seconds)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.folder)

    def feed(self, content):
        """Run the reader on a file with this content; returns what went wrong, or None."""
        path, out = self.folder / "input.pkl", self.folder / "out" / "model"
        self.place(path, content)
        out.parent.mkdir()
        try:
            wrong = self._call(path, out)
        finally:
            shutil.rmtree(out.parent)
        return wrong or (f"forbidden: {self._watch.seen[0]}" if self._watch.seen else None)

    def place(self, path, content):
        """Write an input where the reader will find it."""
        path.write_bytes(content)

    def _call(self, path, out):
        try:
            with self._watch, contextlib.redirect_stdout(io.StringIO()):
                self.reader(path, out)
        except BadInput as error:
            self.refused += 1
            return self._wrong_refusal(str(error), out)
        except TooLong:
            return f"took more than {self._watch.seconds} s"
        except Exception as error:  # noqa: BLE001 - whatever escapes a reader is what is looked for
            return f"{type(error).__name__}: {error!s:.200}"
        self.accepted += 1
        return None

    def _wrong_refusal(self, message, out):
        if list(out.parent.iterdir()):
            return "refused, but something was written"
        if len(message) > 1000 or not message.isprintable():
            return f"a message that is not one short line: {message[:200]!r}"
        return None
