"""Whether stages may read what we may: as root in a container, or in a rootless engine, they may do less."""

import os
import stat
from collections.abc import Collection
from pathlib import Path

from orchestration.engines import docker_info
from orchestration.errors import UserError
from orchestration.ownership import name

_LISTS = "system.posix_acl_access"  # a file that has it may be for others than its mode says


def check(info: docker_info.Info, files: Collection[Path]) -> None:
    """Raise UserError that names the first of `files` that stages may not read."""
    rootless = docker_info.is_rootless(info)
    groups = {os.getgid()} if rootless else {os.getgid(), *os.getgroups()}
    closed = next((file for file in files if not _open(file, os.getuid(), groups)), None)
    if closed is None:
        return
    owner = name(closed.stat().st_uid)
    why = f"a stage, which runs as root without root's privileges, may not read what is {owner}'s; run this as " \
          f"{owner}, without sudo" if os.getuid() == 0 else "a rootless engine leaves your groups outside"
    raise UserError(f"{closed}: {why}, or let others read it: chmod o+r {closed}")


def _open(file: Path, user: int, groups: Collection[int]) -> bool:
    """Whether a user without privileges may read a file."""
    status = file.stat()
    others = stat.S_IRGRP if status.st_gid in groups else stat.S_IROTH
    bit = stat.S_IRUSR if status.st_uid == user else others
    return bool(status.st_mode & bit) or _LISTS in os.listxattr(file)
