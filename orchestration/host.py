"""This host: what it is, what of it is ours, and which of its processes live.

A process is known again by its number and its beginning, as numbers are used again.
"""

import os
import re
from pathlib import Path
from typing import Any

from orchestration import cgroups


def home() -> Path:
    """The user's own folder; a user who is but a number may have none, and nothing is at what this says then."""
    return Path(os.path.expanduser("~"))


def processor() -> str:
    """What its processor is called; "" where it does not say."""
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else ""


def cores() -> int:
    """How many cores we may keep busy, 1 at least."""
    there, limit = len(os.sched_getaffinity(0)), cgroups.cores()
    return there if limit is None else max(1, min(there, int(limit)))


def memory() -> int:
    """How many bytes of memory we may take."""
    there, limit = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), cgroups.memory()
    return there if limit is None else min(there, limit)


def here() -> dict[str, str]:
    """What processes that can judge each other share: a kernel since its boot, their numbers."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return {"boot": boot, "space": os.readlink("/proc/self/ns/pid")}


def known(pid: int) -> list[Any]:
    """What `lives` knows the process `pid` again by. Raises OSError if it is not there."""
    return [pid, _started(pid)]


def lives(process: list[Any]) -> bool | None:
    """Whether a process of this host lives; None if that cannot be told."""
    pid, started = process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's; it is there
        pass
    try:
        return bool(_started(pid) == started != 0)
    except OSError:  # /proc does not show it to us
        return None


def _started(pid: int) -> int:
    """When it began, in ticks since the host did; 0 if it has ended and nobody asked how yet."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return 0 if fields[0] in "ZX" else int(fields[19])
