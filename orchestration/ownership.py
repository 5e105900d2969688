"""Whose a file is, for those who may not use it."""

import os
import pwd
from pathlib import Path


def name(user: int) -> str:
    """What a user is called; the number of one without a name."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def mend(place: Path) -> str:
    """How to get at a place that is another's, such as root's since a run by sudo; "" if it is ours."""
    there = next(path for path in (place, *place.absolute().parents) if os.path.lexists(path))
    owner, user = there.lstat().st_uid, os.geteuid()
    if owner == user:
        return ""
    return f"{there} belongs to {name(owner)}, and you are {name(user)}: sudo chown -R {name(user)} {there}"
