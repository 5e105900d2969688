"""Standard error is for what concerns the user; libraries greet there, in lines that no setting turns off."""

import contextlib
import os
import sys


@contextlib.contextmanager
def standard_error():
    """What is written to file descriptor 2 in the block is dropped; exceptions are raised as ever."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
