"""What is not where the user says, and what was meant instead."""

import difflib
from collections.abc import Callable
from pathlib import Path

_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp")  # so downloads are called meanwhile


def missing(path: Path, fetch: str = "", called: Callable[[str], str] = str) -> str:
    """The complaint of something that is not there: what may have been meant, or how to come by it.

    called: what people call a file, from its name.
    """
    if path.exists():
        return "is neither a file nor a folder"
    if path.is_symlink():
        return "is a link that leads nowhere; remove it, or bring back what it leads to"
    meant = _meant(path, called)
    if meant and meant.suffix in _UNFINISHED:
        return f"is not there; its download has not ended ({meant.name} is what there is of it)"
    if meant:
        return f"is not there; did you mean {meant}?"
    return f"is not there; {f'{fetch} and ' if fetch else ''}put it at {path.absolute()}"


def _meant(path: Path, called: Callable[[str], str]) -> Path | None:
    """What is beside `path` under the same name with another suffix, or under a name much like it."""
    names = sorted(called(each.name) for each in path.parent.iterdir()) if path.parent.is_dir() else []
    suffixed = [name for name in names if Path(name).stem == path.name or name == path.stem]
    near = suffixed or difflib.get_close_matches(path.name, names, 1, cutoff=0.8)
    return path.with_name(near[0]) if near else None
