"""Files and folders that appear whole, by rename, or not at all."""

import contextlib
import io
import json
import os
import shutil

from .text import for_json

_LARGEST_JSON = 1 << 26  # bytes


@contextlib.contextmanager
def new_file(path):
    """Yield a binary file that becomes `path` when the block ends without an error."""
    partial = path + ".partial"
    try:
        with open(partial, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.rename(partial, path)
    except BaseException:
        if os.path.exists(partial):
            os.remove(partial)
        raise


@contextlib.contextmanager
def new_folder(path):
    """Yield the path of an empty folder that becomes `path` when the block ends without an error.

    `path` must not exist. What an earlier, killed attempt left behind is removed first.
    """
    partial = path + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    try:
        yield partial
        os.rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def write_json(path, value):
    """Write `value` as JSON (sorted keys, indented) to a file that appears by rename."""
    text = json.dumps(for_json(value), indent=1, sort_keys=True, separators=(",", ": ")) + "\n"
    with new_file(path) as stream:
        stream.write(text.encode("utf-8"))


def read_json(path):
    """What a JSON file holds. Raises IOError, or ValueError for what is no JSON, or larger than any of ours."""
    with io.open(path, "rb") as stream:
        content = stream.read(_LARGEST_JSON + 1)
    if len(content) > _LARGEST_JSON:
        raise ValueError("more than %d bytes" % _LARGEST_JSON)
    try:
        return json.loads(content.decode("utf-8"))
    except RuntimeError:  # which RecursionError is
        raise ValueError("nested too deeply")


def make_folder(path):
    """Create `path` and its parents unless they exist."""
    if not os.path.isdir(path):
        os.makedirs(path)
