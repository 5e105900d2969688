"""Leases: who has a thing that several programs share, such as a stage or a GPU, here or elsewhere.

A lease on PATH is a file PATH.N that appears by a hard link, with its content; N grows. The file
with the greatest N counts. While its owner lives, a thread renews its time of change. No file is
locked: on some file systems locks fail, on others they exclude nobody.

A lease is free when it was released (its file is empty); when it is of this host and no process
that has it lives; when it is of another host and was not renewed for PATIENCE_SECONDS by the clock
of the file system.

Why one program takes over, of any number that find PATH.N free: each links PATH.N+1, a name that
the file system gives away once. The one that gets it removes the files below its own, never the
greatest. So a program that read PATH.N long ago, and links an N+1 that is gone again, finds a
greater one beside it and withdraws; and as there always is a greatest one, nobody starts again
from 1. A program that was stopped for minutes, and so lost its lease, touches its own file alone,
which counts no more.
"""

import contextlib
import errno
import json
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestration import host
from orchestration.errors import UserError

HEARTBEAT_SECONDS = 20.0
PATIENCE_SECONDS = 300.0  # several heartbeats, and the minute for which NFS may show an old time
POLL_SECONDS = 0.5
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK)


class Lease:
    """A lease that this process has. lost: whether it was seen that others took it over."""

    def __init__(self, path: Path, number: int, content: dict[str, Any]) -> None:
        self.lost = False
        self._path, self._number, self._content = path, number, content
        self._file = _file(path, number)
        self._ended, self._guard = threading.Event(), threading.Lock()
        threading.Thread(target=self._renew, daemon=True).start()

    def hold(self, pid: int) -> None:
        """Have the process `pid` of this host hold it too: it is not free before that has ended."""
        with self._guard, contextlib.suppress(FileNotFoundError):  # it has ended already
            self._content["processes"].append(host.known(pid))
            self._rewrite()

    def held(self) -> bool:
        """Whether nobody has taken it over."""
        self.lost = self.lost or max(_numbers(self._path)) != self._number
        return not self.lost

    def release(self) -> None:
        """Give it up; other processes that hold it keep it while they live."""
        self._ended.set()
        with self._guard, contextlib.suppress(FileNotFoundError):  # others took it over
            others = self._content["processes"][1:]
            self._content["processes"] = [each for each in others if host.lives(each) is not False]
            if self._content["processes"]:
                self._rewrite()
            else:
                os.truncate(self._file, 0)  # which works on a full disk too

    def _rewrite(self) -> None:
        _write(self._file, self._content).replace(self._file)

    def _renew(self) -> None:
        while not self._ended.wait(HEARTBEAT_SECONDS):
            try:
                os.utime(self._file)  # to the file system's own time
            except FileNotFoundError:
                self.lost = True
                return
            except OSError:  # such as a server that is away: it may be back at the next beat
                continue


@contextlib.contextmanager
def attempt(path: Path) -> Iterator[Lease | None]:
    """The lease on `path` for the time of the block, or None if another has it.

    Raises UserError where the file system has no hard links.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lease = _take(path)
    try:
        yield lease
    finally:
        if lease is not None:
            lease.release()


@contextlib.contextmanager
def hold(path: Path) -> Iterator[Lease]:
    """The lease on `path` for the time of the block, as soon as nobody else has it."""
    while True:
        with attempt(path) as lease:
            if lease is not None:
                yield lease
                return
        time.sleep(POLL_SECONDS)


def is_free(path: Path) -> bool:
    """Whether nobody has the lease on `path`."""
    numbers = _numbers(path)
    return not numbers or _free(_file(path, max(numbers)))


def _take(path: Path) -> Lease | None:
    last = max(_numbers(path), default=0)
    if last and not _free(_file(path, last)):
        return None
    content = {**host.here(), "owner": uuid.uuid4().hex, "host": socket.gethostname(),
               "time": time.time(), "processes": [host.known(os.getpid())]}
    if not _appear(_file(path, last + 1), content):
        return None
    numbers = _numbers(path)
    if max(numbers) > last + 1:
        _file(path, last + 1).unlink(missing_ok=True)
        return None
    for number in numbers - {last + 1}:
        with contextlib.suppress(OSError):  # another user's, in a folder where each removes his own
            _file(path, number).unlink()
    return Lease(path, last + 1, content)


def _appear(file: Path, content: dict[str, Any]) -> bool:
    """Make `file` appear, whole; False if it is there already."""
    whole = _write(file, content)
    try:
        os.link(whole, file)
    except FileExistsError:
        return whole.stat().st_nlink == 2  # NFS may have done it and lost the answer
    except OSError as error:
        if error.errno in _NO_LINKS:
            raise UserError(
                f"{file.parent}: this file system has no hard links, by which runs keep out of "
                "each other's way; choose a place on another one (--store)") from error
        raise
    finally:
        whole.unlink()
    return True


def _free(file: Path) -> bool:
    try:
        content = _read(file)
        lives = [host.lives(process) for process in content["processes"]]
        if not lives:
            return True
        if host.here().items() <= content.items() and None not in lives:
            return not any(lives)
        return _age(file) > PATIENCE_SECONDS
    except FileNotFoundError:  # somebody has just taken the next one
        return False


def _read(file: Path) -> dict[str, Any]:
    text = file.read_text()
    try:
        return dict(json.loads(text or '{"processes": []}'))  # one that was released is empty
    except ValueError:  # cut off when its host crashed
        return {"processes": [[os.getpid(), 0]]}  # of no known host: only its age can be judged


def _age(file: Path) -> float:
    """Seconds since the last heartbeat, both times taken from the file system."""
    return _now(file) - file.stat().st_mtime


def _now(file: Path) -> float:
    """The time of the file system that `file` is on; where that may only be read, of this host."""
    probe = _beside(file)
    try:
        probe.touch()
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EROFS):
            raise
        return time.time()
    now = probe.stat().st_mtime
    probe.unlink()
    return now


def _write(file: Path, content: dict[str, Any]) -> Path:
    """Write what is to become `file` beside it."""
    whole = _beside(file)
    with whole.open("w") as stream:
        json.dump(content, stream)
        stream.flush()
        os.fsync(stream.fileno())
    whole.chmod(0o644)  # other users judge it too
    return whole


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.{uuid.uuid4().hex}")


def _file(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _numbers(path: Path) -> set[int]:
    """The numbers of the leases that are there; none before the first."""
    if not path.parent.is_dir():
        return set()
    start = f"{path.name}."
    ends = [name[len(start):] for name in os.listdir(path.parent) if name.startswith(start)]
    return {int(end) for end in ends if end.isdecimal()}
