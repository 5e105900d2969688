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


def mend(place: Path, otherwise: str) -> str:
    """How to get at a place that is another's, such as root's since a run by sudo; `otherwise` if it is ours.

    Only what lies in a folder of ours is to be made ours: /root is root's for good. What is said can go
    on with another way.
    """
    there = next(path for path in (place, *place.absolute().parents) if os.path.lexists(path)).absolute()
    owner, user = _owner(there), os.geteuid()
    if owner == user:
        return f"{otherwise}, or"
    whose = f"{there} belongs to {name(owner)}, and you are {name(user)}"
    within = next((path for path in (there, *there.parents) if _owner(path.parent) != owner), there)
    return f"{whose}: sudo chown -R {name(user)} {within}, or" if _owner(within.parent) == user else f"{whose};"


def _owner(path: Path) -> int:
    return path.lstat().st_uid
