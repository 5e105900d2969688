"""The one hash of the house: sha256, of canonical JSON or of a file."""

import hashlib
import json
from pathlib import Path
from typing import Any


def digest(value: Any) -> str:
    """The sha256 of `value` as canonical JSON (sorted keys, no spaces, ASCII), as a hexadecimal string.

    Raises TypeError or ValueError for what JSON cannot say, NaN included.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def of_file(path: Path) -> str:
    """The sha256 of what is in a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
