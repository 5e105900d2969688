"""Named arrays in one file (.npz): the same arrays give the same bytes, and reading builds nothing but numbers.

A small file does not unpack to a large one: what is read has at most UNPACKED times the bytes of the
file, or UNPACKED_FREELY.
"""

import io
import os
import struct
import tokenize
import zipfile
import zlib

import numpy as np

from . import atomic, foreign
from .errors import BadInput

UNPACKED, UNPACKED_FREELY = 8, 1 << 28  # weights hardly shrink when they are packed
_MEMBER_DATE = (1980, 1, 1, 0, 0, 0)  # the clock must not reach the bytes of a file
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the ways that unpack piece by piece
_HEADERS = {(1, 0): ("<H", np.lib.format.read_array_header_1_0), (2, 0): ("<I", np.lib.format.read_array_header_2_0)}
_LONGEST_HEADER = 10000  # bytes; NumPy's own limit, where it has one
_BROKEN = (zipfile.BadZipfile, zlib.error, EOFError, IOError, OSError, ValueError, KeyError, struct.error, RuntimeError,
           NotImplementedError, MemoryError, OverflowError, SyntaxError, TypeError,
           tokenize.TokenError)  # the last three from headers that are no Python literals


def save(path, arrays):
    """Write a dict {name: array} to `path`, uncompressed, in sorted order. The file appears by rename."""
    with atomic.new_file(path) as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name in sorted(arrays):
                member = io.BytesIO()
                np.lib.format.write_array(member, np.asarray(arrays[name], order="C"), allow_pickle=False)
                info = zipfile.ZipInfo(name + ".npy", _MEMBER_DATE)
                archive.writestr(info, member.getvalue())


def names(path):
    """The names of the arrays in a .npz file. Raises BadInput if it is none."""
    return _read(path, lambda archive: [_name(info) for info in archive.infolist()])


def load(path, wanted=None):
    """Read the arrays of the .npz file at `path`: {name: array}.

    wanted: function name -> whether to read it; all, unless given. What is not wanted is not looked at.
    Raises BadInput for what is missing, truncated, no .npz file, or holds anything but plain numbers.
    """
    def reader(archive):
        members = [info for info in archive.infolist() if wanted is None or wanted(_name(info))]
        _check_sizes(path, members)
        return dict(_read_member(path, archive, info) for info in members)
    return _read(path, reader)


def map_file(path):
    """The array in the .npy file at `path`, a read-only memory map. Raises BadInput if there is none."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise ValueError("it is no file")
        with open(path, "rb") as stream:
            shape, fortran, dtype = _header(path, stream)
            start = stream.tell()
        if min(shape + (0,)) < 0 or start + _bytes(shape, dtype) > os.path.getsize(path):
            raise ValueError("it is shorter than it says")
        return np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")
    except _BROKEN as error:
        raise BadInput("%s: not a whole NumPy file (%s); make it again" % (path, _brief(error)))


def _read(path, reader):
    foreign.check(path, "a .npz file", b"PK")
    if not os.path.isfile(path):
        raise BadInput("%s: no such file" % path)
    try:
        with zipfile.ZipFile(path) as archive:
            return reader(archive)
    except BadInput:
        raise
    except _BROKEN as error:
        raise BadInput("%s: not a whole .npz file (%s); fetch or make it again" % (path, _brief(error)))


def _check_sizes(path, members):
    """Refuse a file that says it unpacks to much more than it is; more than it says is never read."""
    size = sum(info.file_size for info in members)
    most = max(UNPACKED * os.path.getsize(path), UNPACKED_FREELY)
    if size > most:
        raise BadInput("%s: unpacks to %d bytes, %d at most are expected of a file of its size" % (path, size, most))
    for info in members:
        if info.compress_type not in _PACKED:
            raise BadInput("%s: array %r is packed in an unusual way" % (path, _name(info)))


def _name(info):
    return info.filename[:-4] if info.filename.endswith(".npy") else info.filename


def _read_member(path, archive, info):
    name = _name(info)
    with archive.open(info) as member:
        shape, fortran, dtype = _header("%s: array %r" % (path, name), member)
        size = _bytes(shape, dtype)
        if size > info.file_size:
            raise BadInput("%s: array %r claims %d bytes but %d are there" % (path, name, size, info.file_size))
        data = member.read(max(size, 0) + 1)  # never without a number: it would unpack all at once
    if len(data) != size:
        raise BadInput("%s: array %r does not hold the %d bytes of its shape" % (path, name, size))
    array = np.frombuffer(bytearray(data), dtype=dtype)  # a bytearray, so that the array can be written to
    return name, array.reshape(shape, order="F" if fortran else "C")


def _bytes(shape, dtype):
    count = dtype.itemsize
    for length in shape:
        count *= length
    return count


def _header(where, stream):
    """Shape, order and type of an array, from its NumPy header. Object arrays are refused: they run code."""
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise BadInput("%s has the unknown NumPy format %s" % (where, version))
    length_format, read = _HEADERS[version]
    start = stream.read(struct.calcsize(length_format))
    length, = struct.unpack(length_format, start)
    if length > _LONGEST_HEADER:
        raise BadInput("%s has a header of %d bytes" % (where, length))
    shape, fortran, dtype = read(io.BytesIO(start + stream.read(length)))
    if dtype.kind not in "biufcSU":
        raise BadInput("%s is no array of numbers (%s); such a file can run code and is refused"
                       % (where, _brief(dtype)))
    return shape, fortran, dtype


def _brief(found):
    """An error, or what a file says, in few words."""
    return " ".join(str(found).split())[:120] or type(found).__name__
