"""Did the kernel kill something for lack of memory?"""

from pathlib import Path

_VMSTAT = Path("/proc/vmstat")


class KillWatch:
    """Counts the processes of this machine that the kernel kills for lack of memory, from now on."""

    def __init__(self) -> None:
        self._before = _kills()

    def saw_one(self) -> bool:
        """Whether there was one since."""
        return _kills() > self._before


def _kills() -> int:
    """How many there were since the machine was started; 0 where the kernel does not count them."""
    lines = _VMSTAT.read_text().splitlines() if _VMSTAT.exists() else []
    fields = dict(line.split() for line in lines)
    return int(fields.get("oom_kill", 0))
