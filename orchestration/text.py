"""Text that strangers wrote, made fit for a line and a terminal."""

import re

_OBEYED = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def printable(text: str, most: int | None = None) -> str:
    r"""`text` on one line, with escapes such as \x1b for what a terminal obeys or cannot show.

    most: characters of it; the rest becomes "...".
    """
    if most is not None and len(text) > most:
        text = text[:most] + "..."
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
