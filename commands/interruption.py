"""An orderly end: Ctrl-C, SIGTERM, the end of the terminal, and disks that are full or may not be written."""

import errno
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from orchestration import ownership
from orchestration.errors import Stopped, UserError

_MENDABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR,
             errno.ENAMETOOLONG, errno.ELOOP, errno.EFBIG, errno.EIO, errno.ESTALE, errno.EMFILE, errno.ENFILE)
_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ONE_WISH_SECONDS = 1.0  # two signals within it say the same: a key pressed twice, a terminal and its shell


@contextmanager
def interruptible(again: str) -> Iterator[None]:
    """Turn an interruption of the block into Stopped, and an unusable disk into UserError.

    A second one, if it is meant, ends the block's orderly end; none disturbs what follows the block.
    again: the command that continues.
    """
    asked = _Asked()
    for number in _NUMBERS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup has SIGHUP ignored
            signal.signal(number, asked)
    try:
        yield
    except KeyboardInterrupt:
        for number in _NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        raise Stopped(f"stopped; what is done is kept, and this continues it: {again}") from None
    except OSError as error:
        if error.errno not in _MENDABLE:
            raise
        place, reason = error.filename or "the disk", os.strerror(error.errno)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT) or not error.filename
        mend = "make room, or" if full else ownership.mend(Path(os.fsdecode(place)), "make room")
        raise UserError(f"{place}: {reason}; {mend} choose another place, then run the same again") from error


class _Asked:
    """Handles signals: the first one interrupts, and a second one that comes after a while; others change nothing."""

    def __init__(self) -> None:
        self._times, self._last = 0, -float("inf")

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        meant = now - self._last > _ONE_WISH_SECONDS
        if self._times == 2 or not meant:
            return
        self._times, self._last = self._times + 1, now
        raise KeyboardInterrupt
