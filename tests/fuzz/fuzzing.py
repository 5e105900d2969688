"""Runs a reader on hostile input and sees what it does: what it writes, runs, imports, raises, and for how long.

Python tells an audit hook of every file that is opened and every command that is run (sys.addaudithook).
"""

import argparse
import contextlib
import io
import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from sources.contract.errors import BadInput

_FORBIDDEN = ("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "subprocess.", "socket.", "ctypes.",
              "exec", "compile", "import", "pickle.find_class", "os.chmod", "os.symlink", "os.link", "os.kill")
_WRITING = {"os.remove": 1, "os.rename": 2, "os.mkdir": 1, "os.rmdir": 1, "os.truncate": 1, "shutil.rmtree": 1}
_MEMORY = 1 << 30  # bytes that a program of many inputs may take at any time
_TIMERS = {signal.ITIMER_PROF: signal.SIGPROF, signal.ITIMER_REAL: signal.SIGALRM}  # of the processor, of the clock
_PATIENCE = 20  # the machine may be busy with other things
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class TooLong(BaseException):
    """The reader did not end in time. No Exception, so that no reader can catch it."""


class Watch:
    """Audits what happens inside `with watch:`. seen: the forbidden events. allowed: those that are not, here."""

    def __init__(self, folder, seconds, allowed=()):
        self.folder, self.seconds, self.allowed = os.path.realpath(folder), seconds, allowed
        self.seen = []
        self._on = False
        sys.addaudithook(self._hook)

    def __enter__(self):
        self.seen = []
        for timer, number in _TIMERS.items():
            signal.signal(number, self._alarm)
            signal.setitimer(timer, self.seconds * (1 if timer == signal.ITIMER_PROF else _PATIENCE))
        self._on = True
        return self

    def __exit__(self, *error):
        self._on = False
        for timer in _TIMERS:
            signal.setitimer(timer, 0)

    def _alarm(self, number, frame):
        raise TooLong

    def _hook(self, event, arguments):
        if not self._on:
            return
        if event.startswith(_FORBIDDEN) and event not in self.allowed and not _is_harmless(event, arguments):
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

    What is wrong with an input: anything but success or `refusal`; a message that is not one short line; anything
    written after a refusal, or ever outside of the out folder; code run or imported; more than `seconds` of the
    processor.
    name: of the file that an input becomes. An input may also be several files: {name: bytes}. allowed: as of Watch.
    """

    def __init__(self, reader, seconds=20, refusal=BadInput, name="input.pkl", allowed=()):
        self.reader, self.refusal, self.name = reader, refusal, name
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        self.accepted = self.refused = 0
        self._watch = Watch(self.folder / "out", seconds, allowed)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.folder)

    def feed_all(self, contents):
        """Feed them all; returns (accepted, refused, [(what was wrong, the input)])."""
        wrongs = [(wrong, content) for content in contents if (wrong := self.feed(content))]
        return self.accepted, self.refused, wrongs

    def feed(self, content):
        """Run the reader on a file with this content; returns what went wrong, or None."""
        path, out = self.folder / self.name, self.folder / "out" / "model"
        self.place(path, content)
        out.parent.mkdir()
        try:
            wrong = self._call(path, out)
        finally:
            shutil.rmtree(out.parent)
        return wrong or (f"forbidden: {self._watch.seen[0]}" if self._watch.seen else None)

    def place(self, path, content):
        """Write an input where the reader will find it."""
        for name, part in (content if isinstance(content, dict) else {path.name: content}).items():
            path.with_name(name).write_bytes(part)

    def _call(self, path, out):
        try:
            with self._watch, contextlib.redirect_stdout(io.StringIO()):
                self.reader(path, out)
        except self.refusal as error:
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


def main(doc, fuzzers, name):
    """A program: fuzz, tell what was found, keep what was wrong in the current folder, end with status 1 if it was.

    fuzzers: {reader: function (seed, count) -> what Runner.feed_all returns}. name: of an input, a file.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(fuzzers)} (default: all)")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    found = False
    for reader in arguments.readers or fuzzers:
        accepted, refused, failures = fuzzers[reader](arguments.seed, arguments.count)
        print(f"{reader}: {accepted} accepted, {refused} refused, {len(failures)} failures", flush=True)
        for number, (wrong, content) in enumerate(failures[:20]):
            for part, data in (content if isinstance(content, dict) else {name: content}).items():
                Path(f"failure-{reader}-{number}-{part}").write_bytes(data)
            print(f"  failure-{reader}-{number}: {wrong}")
        found = found or bool(failures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"peak memory: {peak >> 20} MiB")
    sys.exit(1 if found or peak > _MEMORY else 0)
