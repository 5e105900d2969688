"""What a download may have left in place of the file that was meant, told by its first bytes."""

import re
from pathlib import Path

_LOOKED_AT = 512  # bytes
_SPACE = b"\xef\xbb\xbf \t\r\n"  # with UTF-8's byte order mark
_PAGE = re.compile(rb"<(!doctype|!--|\?xml|html|head|body|script|meta|title)\b|<!--", re.IGNORECASE)
_PAGES, _JSON = (".html", ".htm", ".xml", ".svg"), ".json"
_ANSWER = re.compile(rb'\{\s*"(code|detail|errors?|message|status)"|[45]\d\d:? [a-z]'
                     rb"|(entry |repository )?not found|access (to|denied)|invalid username"
                     rb"|too many requests", re.IGNORECASE)
_POINTERS = {b"version https://git-lfs.github.com/": ("Git LFS", "git lfs pull"),
             b"version https://hawser.github.com/": ("Git LFS", "git lfs pull"),
             b"/annex/objects/": ("git-annex", "git annex get")}
_PACKED = {b"\x1f\x8b": ("gzip", (".gz", ".tgz")), b"BZh": ("bzip2", (".bz2", ".tbz", ".tbz2")),
           b"\xfd7zXZ\0": ("xz", (".xz", ".txz")), b"\x28\xb5\x2f\xfd": ("zstd", (".zst",)),
           b"7z\xbc\xaf\x27\x1c": ("7z", (".7z",)), b"Rar!\x1a\x07": ("rar", (".rar",))}


def download_trouble(path: Path) -> str | None:
    """What is wrong with the file at `path`, whatever it should hold, and what mends it.

    It is the rest of a line that begins with the path; None if nothing shows. A page, JSON or a
    packed file is no trouble if its name says so.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(_LOOKED_AT)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not start:
        return "is empty: its download was cut off; download it again"
    text = start.lstrip(_SPACE)
    if _PAGE.match(text) and not path.name.lower().endswith(_PAGES):
        return ("is a web page in place of the file (a quota is spent, or a login asked for); "
                "download it again in a browser")
    if _ANSWER.match(text) and not path.name.lower().endswith(_JSON):
        return f"is a server's answer in place of the file ({_first_line(text)}); download it again"
    return _pointer(text) or _packed(path.name, start)


def _pointer(text: bytes) -> str | None:
    for beginning, (program, command) in _POINTERS.items():
        if text.startswith(beginning):
            return (f"is a pointer of {program}, not the file it stands for; "
                    f"run `{command}` in the clone it is from")
    return None


def _packed(name: str, start: bytes) -> str | None:
    for beginning, (program, suffixes) in _PACKED.items():
        if start.startswith(beginning) and not name.lower().endswith(suffixes):
            return f"is packed with {program}, which its name does not say; unpack it"
    return None


def _first_line(text: bytes) -> str:
    line = text.splitlines()[0].decode("ascii", "replace")
    return "".join(each if each.isprintable() else "?" for each in line[:60])
