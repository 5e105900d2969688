"""An orderly end: Ctrl-C, SIGTERM, the end of the terminal, and disks that are full or may not be written."""

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from orchestration import ownership
from orchestration.errors import Stopped, UserError

_MENDABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


@contextmanager
def interruptible(again: str) -> Iterator[None]:
    """Turn an interruption of the block into Stopped, and an unusable disk into UserError.

    again: the command that continues.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(number, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(f"stopped; what is done is kept, and this continues it: {again}") from None
    except OSError as error:
        if error.errno not in _MENDABLE:
            raise
        place, reason = error.filename or "the disk", os.strerror(error.errno)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT) or not error.filename
        mend = "make room, or" if full else ownership.mend(Path(os.fsdecode(place)), "make room")
        raise UserError(f"{place}: {reason}; {mend} choose another place, then run the same again") from error


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
