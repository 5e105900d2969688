"""A new folder where the user says: nothing that is there is touched, and it appears whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.errors import UserError


def check_new(out: Path, said: str = "") -> None:
    """Raise UserError if `out` is there or cannot be made. said: the option that names it, with a space behind."""
    if out.exists() or out.is_symlink():
        raise UserError(f"{said}{out}: exists already; choose another folder")
    place = next(parent for parent in out.absolute().parents if parent.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise UserError(f"{said}{out}: {place} is no folder that may be written; name another place")


@contextmanager
def new(out: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `out` when the block ends without an error. Raises UserError as check_new."""
    check_new(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))  # no name that anybody else may have
    try:
        beside.chmod(0o777 & ~_umask())
        yield beside
        beside.rename(out)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
