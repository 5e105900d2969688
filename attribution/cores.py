"""How many cores this process may use."""

import os


def cores():
    """Those it was given by OMP_NUM_THREADS, which not every library reads; else all there are."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))
