"""Becomes a command that has no network, and sees some files and folders at other places, where it cannot write:

    slurm_apart.py SOURCE PLACE [SOURCE PLACE]... -- COMMAND...

A program of its own, run by path: it makes its namespaces while it has one thread, and so needs no rights but those
of whoever starts it. The signals it gets are the command's.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

# unshare(2), mount(2), netdevice(7)
_NEW_MOUNTS, _NEW_USER, _NEW_NETWORK = 0x20000, 0x10000000, 0x40000000
_READ_ONLY, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 32, 4096, 16384, 1 << 18
_KEPT = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME  # no user may take them away
_SET_FLAGS, _UP = 0x8914, 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Go apart, then become the command."""
    end = sys.argv.index("--")
    _separate()
    for source, place in zip(sys.argv[1:end:2], sys.argv[2:end:2], strict=True):
        _show(source, place)
    try:
        os.execvp(sys.argv[end + 1], sys.argv[end + 1:])
    except OSError as error:
        sys.exit(f"{sys.argv[end + 1]}: {error.strerror}; see orchestrate.py doctor")


def _separate() -> None:
    """Leave the network, and have mounts that nobody else sees."""
    user, group = os.getuid(), os.getgid()
    _call(_LIBC.unshare, _NEW_USER | _NEW_MOUNTS | _NEW_NETWORK)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path("/proc/self", name).write_text(text)
    _mount("none", "/", _RECURSIVE | _PRIVATE)
    with socket.socket() as any_socket:  # some programs talk to themselves
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def _show(source: str, place: str) -> None:
    _mount(source, place, _BIND)
    _mount("none", place, _REMOUNT | _BIND | _READ_ONLY | os.statvfs(place).f_flag & _KEPT)


def _mount(source: str, place: str, flags: int) -> None:
    _call(_LIBC.mount, os.fsencode(source), os.fsencode(place), None, flags, None)


def _call(function: object, *words: object) -> None:
    if function(*words):  # type: ignore[operator]
        number = ctypes.get_errno()
        sys.exit(f"cannot set a stage apart: {os.strerror(number)}: {words}; unprivileged user namespaces may be off")


if __name__ == "__main__":
    main()
