"""Is this machine ready? What is not, and what mends it.

engine     the Docker Engine, and what it can limit
machine    disk, memory, cores and data against what the stages ask for
slurm      a cluster, by tiny jobs on its nodes
graphics   GPUs and driver against what each image can drive, and how containers get at them
"""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """Something that was looked at. level: `problem` blocks, `warning` does not. mend: what to do about it."""

    level: Level
    subject: str
    text: str
    mend: str = ""


def severity(needed: bool) -> Level:
    """The level of something that is missing. needed: whether the user asked for what needs it."""
    return "problem" if needed else "warning"
