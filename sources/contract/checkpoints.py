"""The last two checkpoints of a training: if the newer one is damaged, the one before serves.

    00001000/arrays.npz    {name: array}, all that it takes to go on after step 1000
    00001000/state.json    {"state": ..., "arrays_sha256": ..., "sha256": of both, as canonical JSON}

A folder appears by rename. What happens to it later, on a disk that lies or by a hand, the hashes tell.
"""

import errno
import hashlib
import json
import os
import shutil

from . import arrays, atomic, imagesets
from .errors import BadInput
from .events import warning

_KEPT = 2
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EIO)  # of a file that was there, or cannot be read


class Damaged(Exception):
    """A checkpoint is not what was written."""


class Checkpoints(object):
    """The checkpoints of one training, in `folder`."""

    def __init__(self, folder):
        self._folder = folder

    def last(self):
        """(state, {name: array}) of the newest checkpoint that is whole; None if there is none.

        Damaged ones are removed, each with a warning.
        """
        names = self._names()
        while names:
            path = os.path.join(self._folder, names.pop())
            try:
                return _read(path)
            except Damaged as damage:
                warning("checkpoint %s is damaged (%s) and removed; %s" % (
                    path, damage, "the one before it serves" if names else "the training begins anew"))
                _remove(path)
        return None

    def add(self, number, state, named_arrays):
        """Keep a checkpoint after step `number`, unless it is there, and no more than two in all."""
        path = os.path.join(self._folder, "%08d" % number)
        if os.path.isdir(path):
            return
        with atomic.new_folder(path) as folder:
            arrays.save(os.path.join(folder, "arrays.npz"), named_arrays)
            sha256 = imagesets.hash_file(os.path.join(folder, "arrays.npz"))
            said = {"state": state, "arrays_sha256": sha256}
            atomic.write_json(os.path.join(folder, "state.json"), dict(said, sha256=_digest(said)))
        for name in self._names()[:-_KEPT]:
            _remove(os.path.join(self._folder, name))

    def remove(self):
        """Remove them all."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _names(self):
        if not os.path.isdir(self._folder):
            return []
        return sorted(name for name in os.listdir(self._folder) if name.isdigit())


def _read(path):
    """(state, {name: array}) of the checkpoint in the folder `path`. Raises Damaged."""
    arrays_path = os.path.join(path, "arrays.npz")
    try:
        said = atomic.read_json(os.path.join(path, "state.json"))
        sha256 = said.pop("sha256")
        if sha256 != _digest(said):
            raise Damaged("state.json is not what was written")
        if imagesets.hash_file(arrays_path) != said["arrays_sha256"]:
            raise Damaged("arrays.npz is not what was written")
        return said["state"], arrays.load(arrays_path)
    except (ValueError, KeyError, TypeError, AttributeError, BadInput) as error:
        raise Damaged("state.json is no record of a checkpoint: %s" % (str(error) or type(error).__name__))
    except (IOError, OSError) as error:
        if error.errno not in _GONE:
            raise
        raise Damaged("%s: %s" % (error.filename, os.strerror(error.errno)))


def _remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


def _digest(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8")).hexdigest()
