"""Zip files that say one thing and hold another, or hold far more than they weigh."""

import bz2
import functools
import io
import lzma
import struct
import zipfile
import zlib

import numpy as np

_LARGE = 300 << 20  # bytes that a deflated bomb unpacks to; the others, which take long to pack, to a tenth
_RAW_LZMA = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20}]


def zip_of(members, entries=1):
    """The bytes of a zip file of [(name, method, packed bytes, size that is claimed)].

    entries: how often its directory names each member.
    """
    content, directory = b"", b""
    for name, method, packed, size in members:
        name = name.encode()
        numbers = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0x21, 0, len(packed), size, len(name), 0)
        place = struct.pack("<HHHII", 0, 0, 0, 0, len(content))
        directory += (b"PK\x01\x02" + struct.pack("<H", 20) + numbers + place + name) * entries
        content += b"PK\x03\x04" + numbers + name + packed
    count = len(members) * entries
    return content + directory + b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, count, count, len(directory), len(content), 0)


def npy_header(shape):
    """The beginning of a .npy file of float32."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def deflated(content):
    """What a zip file holds of deflated content."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@functools.cache
def zeros(method, start=b""):
    """Zeros behind `start`, packed by a method of zip."""
    if method == zipfile.ZIP_DEFLATED:
        return deflated(start + bytes(_LARGE))
    content = start + bytes(_LARGE // 10)
    if method == zipfile.ZIP_BZIP2:
        return bz2.compress(content)
    packer = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=_RAW_LZMA)
    return b"\x09\x04\x05\x00\x5d\x00\x00\x10\x00" + packer.compress(content) + packer.flush()


def npz(kind):
    """A .npz file of one array "l1/W" that is a bomb of the kind, one of NPZ."""
    return NPZ[kind]()


def _member(method, start, size, entries=1):
    return zip_of([("l1/W.npy", method, zeros(method, start), size)], entries)


_LITTLE, _MUCH, _WHOLE = npy_header((8,)), npy_header((1 << 24,)), npy_header((_LARGE // 4,))
NPZ = {
    "honest": lambda: _member(zipfile.ZIP_DEFLATED, _WHOLE, len(_WHOLE) + _LARGE),
    "says little": lambda: _member(zipfile.ZIP_DEFLATED, _LITTLE, len(_LITTLE) + 32),
    "much often": lambda: _member(zipfile.ZIP_DEFLATED, _MUCH, len(_MUCH) + (1 << 26), entries=300),
    "all header": lambda: _member(zipfile.ZIP_DEFLATED, b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 27), 1 << 27),
    "bzip2": lambda: _member(zipfile.ZIP_BZIP2, _LITTLE, len(_LITTLE) + 32),
    "lzma": lambda: _member(zipfile.ZIP_LZMA, _LITTLE, len(_LITTLE) + 32)}
