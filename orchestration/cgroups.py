"""What the control groups of this process leave it of its host: in a container, or in a job of Slurm.

Version 1 has a tree of groups for each controller, version 2 one tree for all. Every group from our
own up to the root of what is mounted may state a limit; the least one counts.
"""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_PROC = Path("/proc/self")


def memory() -> int | None:
    """The bytes of memory that this process may take; None without a limit."""
    stated = [*_stated("memory", "memory.limit_in_bytes"), *_stated("", "memory.max")]
    return min((int(text) for text in stated if text.isdigit()), default=None)


def cores() -> float | None:
    """How many cores this process may keep busy; None without a limit."""
    shares = [*(text.split() for text in _stated("", "cpu.max")),
              *zip(_stated("cpu", "cpu.cfs_quota_us"), _stated("cpu", "cpu.cfs_period_us"), strict=True)]
    return min((int(quota) / int(period) for quota, period in shares if quota.isdigit()), default=None)


def _stated(controller: str, name: str) -> list[str]:
    """What the files `name` of our groups say. controller: "" for version 2."""
    return [(group / name).read_text().strip() for group in _groups(controller) if (group / name).is_file()]


def _groups(controller: str) -> Iterator[Path]:
    """The folders of our groups in the tree of a controller, our own first."""
    ours = _ours(controller)
    for root, mounted in _mounts(controller):
        inside = ours.relative_to(root) if ours.is_relative_to(root) and ".." not in ours.parts else PurePosixPath()
        for place in (inside, *inside.parents):
            yield mounted / place


def _ours(controller: str) -> PurePosixPath:
    """Our group as the kernel calls it."""
    for line in (_PROC / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return PurePosixPath(path)
    return PurePosixPath("/")


def _mounts(controller: str) -> Iterator[tuple[PurePosixPath, Path]]:
    """(group that is seen as the root, folder where) for each mount of the tree of a controller."""
    for line in (_PROC / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2" if controller == "" else kind == "cgroup" and controller in options.split(","):
            root, mounted = before.split(" ")[3:5]
            yield PurePosixPath(root), Path(mounted)
