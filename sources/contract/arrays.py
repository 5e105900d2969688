"""Named arrays in one file (.npz): the same arrays give the same bytes, and reading builds nothing but numbers."""

import io
import os
import struct
import tokenize
import zipfile
import zlib

import numpy as np

from . import atomic, foreign
from .errors import BadInput

_MEMBER_DATE = (1980, 1, 1, 0, 0, 0)  # the clock must not reach the bytes of a file


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
    return _read(path, lambda archive: dict(
        _read_member(path, archive, info) for info in archive.infolist() if wanted is None or wanted(_name(info))))


def _read(path, reader):
    if not os.path.isfile(path):
        raise BadInput("%s: no such file" % path)
    foreign.check(path, "a .npz file", b"PK")
    try:
        with zipfile.ZipFile(path) as archive:
            return reader(archive)
    except BadInput:
        raise
    except (zipfile.BadZipfile, zlib.error, EOFError, IOError, ValueError, KeyError, struct.error,
            RuntimeError, NotImplementedError, MemoryError, OverflowError, SyntaxError, TypeError,
            tokenize.TokenError) as error:  # the last three from headers that are no Python literals
        raise BadInput("%s: not a whole .npz file (%s); fetch or make it again" % (path, _brief(error)))


def _name(info):
    return info.filename[:-4] if info.filename.endswith(".npy") else info.filename


def _read_member(path, archive, info):
    name = _name(info)
    with archive.open(info) as member:
        shape, fortran, dtype = _header(path, name, member)
        count = 1
        for length in shape:
            count *= length
        size = count * dtype.itemsize
        if size > info.file_size:
            raise BadInput("%s: array %r claims %d bytes but %d are there" % (path, name, size, info.file_size))
        data = member.read()
    if len(data) != size:
        raise BadInput("%s: array %r holds %d bytes instead of %d" % (path, name, len(data), size))
    array = np.frombuffer(bytearray(data), dtype=dtype)  # a bytearray, so that the array can be written to
    return name, array.reshape(shape, order="F" if fortran else "C")


def _header(path, name, member):
    """Shape, order and type of an array, from its NumPy header. Object arrays are refused: they run code."""
    version = np.lib.format.read_magic(member)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(member)
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(member)
    else:
        raise BadInput("%s: array %r has the unknown NumPy format %s" % (path, name, version))
    if dtype.kind not in "biufcSU":
        raise BadInput("%s: array %r is no array of numbers (%s); such a file can run code and is refused"
                       % (path, name, dtype))
    return shape, fortran, dtype


def _brief(error):
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
