"""Image sets: a folder with `images.npy`, uint8 (N, H, W, 3), and its index `imageset.json`.

The index appears last, so a folder with an index holds a whole set.
"""

import hashlib
import io
import numbers
import os

import numpy as np

from . import arrays, atomic
from .errors import BadInput

FORMAT = 1
_CHUNK = 1 << 22
_KEYS = {"count": numbers.Integral, "resolution": numbers.Integral, "sha256": type(u"")}
_KINDS = {numbers.Integral: "whole number", type(u""): "text"}


class ImageSet(object):
    """An image set on disk.

    images: uint8 (N, R, R, 3), a read-only memory map, or the `Ends` of one. index: the dict of
    imageset.json. identity: what names these very images, as JSON. resolution: pixels.
    """

    def __init__(self, folder, images, index, ends=None):
        self.folder, self.images, self.index = folder, images, index
        self.resolution = images.shape[1]
        self.identity = {"sha256": index["sha256"], "subset": ends and list(ends)}
        origin = index.get("source") or {}
        self.source = {"dataset": origin.get("dataset"), "subset": origin.get("subset")}

    @property
    def count(self):
        """Number of images."""
        return len(self.images)

    def subset(self, ends):
        """The set of the first ends[0] and the last ends[1] images; all of them if `ends` is None.

        Raises BadInput if the set has fewer.
        """
        if ends is None:
            return self
        if sum(ends) > self.count:
            raise BadInput("--subset %d+%d: %s has %d images" % (ends + (self.folder, self.count)))
        return ImageSet(self.folder, Ends(self.images, *ends), self.index, ends)


class Ends(object):
    """The first `first` and the last `last` of `images`, (N, ...), without a copy."""

    def __init__(self, images, first, last):
        self._images, self._first = images, first
        self.shape = (first + last,) + images.shape[1:]

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, index):
        """Image `index`, from 0."""
        return self._images[index if index < self._first else len(self._images) - len(self) + index]


def read(folder, check=True):
    """Open the image set in `folder`. check: compare the hash of images.npy with the index.

    Raises BadInput, naming the file, for whatever is missing, inconsistent or changed.
    """
    index = _read_index(os.path.join(folder, "imageset.json"))
    path = os.path.join(folder, "images.npy")
    images = arrays.map_file(path)
    if images.ndim != 4 or images.dtype != np.uint8 or images.shape[3] != 3 or images.shape[1] != images.shape[2]:
        raise BadInput("%s: expected uint8 (N, R, R, 3), found %s %s" % (path, images.dtype, images.shape))
    if (images.shape[0], images.shape[1]) != (index["count"], index["resolution"]):
        raise BadInput("%s: %d images of %d pixels, but its index says %d of %d; make the set again" % (
            path, images.shape[0], images.shape[1], index["count"], index["resolution"]))
    if check and hash_file(path) != index["sha256"]:
        raise BadInput("%s: its content is not what its index says (sha256 differs); make the set again" % path)
    return ImageSet(folder, images, index)


def hash_file(path):
    """The sha256 of a file, as a hexadecimal string."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


class Writer(object):
    """Writes an image set image after image, in constant memory; continues a set that was interrupted.

    identity: a dict that names what is being made. A partial set of the same identity in `folder` is
    continued, whole multiples of `block` images of it; any other is made anew.

    As a context it closes its file at the end, also after an error.
    """

    def __init__(self, folder, count, resolution, identity=None, block=1):
        atomic.make_folder(folder)
        self.folder, self.count, self.resolution = folder, count, resolution
        self._partial = os.path.join(folder, "images.npy.partial")
        self._note = os.path.join(folder, "images.identity.json")
        self._image_bytes = resolution * resolution * 3
        header = self._header()
        self.done = self._images_to_keep(len(header), identity, block)
        if not self.done:
            with open(self._partial, "wb") as stream:
                stream.write(header)
            atomic.write_json(self._note, identity or {})
        self._stream = open(self._partial, "r+b")
        self._stream.truncate(len(header) + self.done * self._image_bytes)
        self._stream.seek(0, os.SEEK_END)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._stream.close()

    def append(self, images):
        """Add `images`, uint8 (n, R, R, 3)."""
        expected = (self.resolution, self.resolution, 3)
        if images.dtype != np.uint8 or images.shape[1:] != expected or self.done + len(images) > self.count:
            raise ValueError("image set of %d x %s cannot take %s %s after %d images"
                             % (self.count, expected, images.dtype, images.shape, self.done))
        self._stream.write(np.ascontiguousarray(images).tobytes())
        self.done += len(images)

    def flush(self):
        """Bring what was appended to disk, so that a later run can continue from there."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def finish(self, value_range, source, made_by):
        """Close the set and write its index. value_range: how values became 8-bit, in words."""
        if self.done != self.count:
            raise ValueError("image set has %d images of %d" % (self.done, self.count))
        self.flush()
        self._stream.close()
        path = os.path.join(self.folder, "images.npy")
        os.rename(self._partial, path)
        os.remove(self._note)
        atomic.write_json(os.path.join(self.folder, "imageset.json"), {
            "format": FORMAT, "count": self.count, "resolution": self.resolution, "sha256": hash_file(path),
            "value_range": value_range, "source": source, "made_by": made_by})

    def _header(self):
        stream = io.BytesIO()
        shape = (self.count, self.resolution, self.resolution, 3)
        np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": shape})
        return stream.getvalue()

    def _images_to_keep(self, header_size, identity, block):
        try:
            same = atomic.read_json(self._note) == (identity or {})
            size = os.path.getsize(self._partial)
        except (IOError, OSError, ValueError):
            return 0
        kept = (size - header_size) // self._image_bytes if same else 0
        return max(kept, 0) // block * block


def _read_index(path):
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a pipe would be waited for
            raise ValueError("it is no file")
        index = atomic.read_json(path)
    except (IOError, OSError) as error:
        raise BadInput("%s: %s; an image set is a folder with images.npy and imageset.json" % (path, error.strerror))
    except ValueError as error:
        raise BadInput("%s: not JSON (%s)" % (path, error))
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise BadInput("%s: not the index of an image set of format %d" % (path, FORMAT))
    for key, kind in _KEYS.items():
        if key not in index:
            raise BadInput("%s: the key %r is missing; make the set again" % (path, key))
        if not isinstance(index[key], kind):
            raise BadInput("%s: the key %r is no %s; make the set again" % (path, key, _KINDS[kind]))
    for key in ("source", "made_by"):
        if not isinstance(index.get(key) or {}, dict):
            raise BadInput("%s: the key %r is no object; make the set again" % (path, key))
    return index
