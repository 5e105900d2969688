"""Files that are something else than what was meant, told by their first bytes."""

import os
import re

from .errors import BadInput

_LOOKED_AT = 512  # bytes
_SPACE = b"\xef\xbb\xbf \t\r\n"  # with UTF-8's byte order mark
_KINDS = (
    (br"<(!|\?|[a-z])", "a web page; a download page answers so, fetch the file again"),
    (br"version https://git-lfs", "a pointer of Git LFS; `git lfs pull` fetches what it stands for"),
    (br"\x1f\x8b", "packed with gzip; unpack it"),
    (br"BZh[1-9]", "packed with bzip2; unpack it"),
    (br"\xfd7zXZ\x00", "packed with xz; unpack it"),
    (br"\x28\xb5\x2f\xfd", "packed with zstd; unpack it"),
    (br"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07", "packed with 7z or RAR; unpack it"),
    (br"[\s\S]{257}ustar", "a tar archive; unpack it, and name what is in it"),
    (br"[\s\S]{8}\{\s*\"", "a file of safetensors"),
    (br"\x00{64}", "nothing but zeros, such as a download that was never filled; fetch it again"),
    (br"PK\x03\x04", "a zip archive, as NumPy and PyTorch write it too"),
    (br"\x89HDF", "an HDF5 file, as Keras and h5py write it"),
    (br"\x93NUMPY", "a single array of NumPy"),
    (br"\x80[\x02-\x05]", "a pickle"))


def check(path, expected, own):
    """Raise BadInput if the file at `path` is known to be something else.

    expected: what it should be, in words. own: bytes that such a file may begin with although they
    look like something else. A file that is not known passes; so does one that cannot be read.
    """
    if os.path.isdir(path):
        raise BadInput("%s: is a folder, where %s is expected; name the file in it" % (path, expected))
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited for
        raise BadInput("%s: is neither a file nor a folder; %s is expected" % (path, expected))
    try:
        with open(path, "rb") as stream:
            start = stream.read(_LOOKED_AT)
    except EnvironmentError:
        return
    if not start:
        raise BadInput("%s: is empty, where %s is expected; fetch it again" % (path, expected))
    if start.startswith(own):
        return
    for pattern, words in _KINDS:
        if any(re.match(pattern, each, re.IGNORECASE) for each in (start, start.lstrip(_SPACE))):
            raise BadInput("%s: is %s; %s is expected" % (path, words, expected))
