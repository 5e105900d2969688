"""The one hash of the house: sha256 of canonical JSON."""

import hashlib
import json
from typing import Any


def digest(value: Any) -> str:
    """The sha256 of `value` as canonical JSON (sorted keys, no spaces, ASCII), as a hexadecimal string.

    Raises TypeError or ValueError for what JSON cannot say, NaN included.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
