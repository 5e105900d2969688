"""Reads the checkpoints of TensorFlow 1 (TensorBundle, "V2") without TensorFlow.

PREFIX.index is a table in LevelDB's format: from each name to a protocol buffer that says type, shape, shard,
offset, size and checksum of a tensor. PREFIX.data-00000-of-00001 and so on are the tensors' bytes. Every block and
every tensor has a CRC32C, which is checked; nothing larger than the files themselves is ever allocated.
"""

import os
import struct
from typing import NamedTuple

import google_crc32c
import numpy as np

from sources.contract.errors import BadInput

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48  # bytes: two block handles, padding, the magic number
_TRAILER = 5  # bytes after a block: how it is compressed, and its checksum
_LARGEST_INDEX = 1 << 26
_MOST_SHARDS = 1 << 10
_DTYPES = {1: np.dtype("<f4"), 2: np.dtype("<f8"), 3: np.dtype("<i4"), 9: np.dtype("<i8")}
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types of protocol buffers


class Entry(NamedTuple):
    """Where a tensor is, as the index says."""

    dtype: int
    shape: tuple
    shard: int
    offset: int
    size: int
    checksum: int


class _Damaged(Exception):
    """The bytes make no sense; the text says where."""


def read(prefix, wanted):
    """{name: array} of the tensors of a checkpoint whose names `wanted` (a function) likes.

    Raises BadInput for a checkpoint that is not whole, not of this format, or has tensors in slices.
    """
    path = prefix + ".index"
    try:
        shards, entries = _parse_index(_content(path))
        return {name: _tensor(prefix, shards, name, entry) for name, entry in entries.items() if wanted(name)}
    except (_Damaged, struct.error, IndexError, UnicodeDecodeError, OverflowError) as error:
        raise BadInput("%s: not a whole TensorFlow checkpoint (%s); fetch it again" % (path, error)) from None


def _content(path):
    try:
        size = os.path.getsize(path)
        if size > _LARGEST_INDEX:
            raise BadInput("%s: %d bytes is too large for the index of a checkpoint" % (path, size))
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise BadInput("%s: %s; --checkpoint takes the part of the name before .index" % (path, error.strerror)) \
            from None


def _parse_index(data):
    """(number of shards, {name: Entry}) from the bytes of an index."""
    if len(data) < _FOOTER or struct.unpack("<Q", data[-8:])[0] != _MAGIC:
        raise _Damaged("it does not end like an index")
    footer = memoryview(data)[-_FOOTER:]
    position = _handle(footer, 0)[1]  # of the block of metadata, which is empty
    table = dict(record for _, value in _records(_block(data, _handle(footer, position)[0]))
                 for record in _records(_block(data, _handle(value, 0)[0])))
    header = table.pop(b"", None)
    if header is None:
        raise _Damaged("its header is missing")
    fields = _fields(header)
    if _number(fields, 2):
        raise BadInput("the checkpoint was written by a big-endian machine; that is not read here")
    return _number(fields, 1), {name.decode("utf-8"): _entry(name, value) for name, value in table.items()}


def _block(data, handle):
    offset, size = handle
    end = offset + size
    if end + _TRAILER > len(data):
        raise _Damaged("a block lies outside the file")
    compression, checksum = struct.unpack_from("<BI", data, end)
    if _masked_crc(data[offset:end + 1]) != checksum:
        raise _Damaged("the checksum of a block differs")
    if compression:
        raise _Damaged("its blocks are compressed, which TensorFlow never does")
    return memoryview(data)[offset:end]


def _records(block):
    """(key, value) of every record of a block; a key shares its beginning with the one before it."""
    restarts, = struct.unpack("<I", block[-4:])
    end = len(block) - 4 * (restarts + 1)
    if end < 0:
        raise _Damaged("a block is shorter than its own table")
    key, position = b"", 0
    while position < end:
        shared, position = _varint(block, position)
        fresh, position = _varint(block, position)
        length, position = _varint(block, position)
        if shared > len(key) or position + fresh + length > end:
            raise _Damaged("a record lies outside its block")
        key = key[:shared] + bytes(block[position:position + fresh])
        position += fresh
        yield key, block[position:position + length]
        position += length


def _handle(data, position):
    """((offset, size), next position) of a block handle."""
    offset, position = _varint(data, position)
    size, position = _varint(data, position)
    return (offset, size), position


def _varint(data, position):
    """(number, next position) of a number of 1 to 10 bytes, the least significant seven bits first."""
    number = 0
    for shift in range(0, 70, 7):
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
    raise _Damaged("a number does not end")


def _fields(message):
    """{field number: [values]} of a protocol buffer: numbers, or bytes of what is nested."""
    fields, position = {}, 0
    while position < len(message):
        tag, position = _varint(message, position)
        kind = tag & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
        elif kind == _BYTES:
            length, position = _varint(message, position)
            value, position = _take(message, position, length)
        elif kind in (_FIXED32, _FIXED64):
            raw, position = _take(message, position, 4 if kind == _FIXED32 else 8)
            value = int.from_bytes(raw, "little")
        else:
            raise _Damaged("a field of an unknown kind")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _take(message, position, length):
    if position + length > len(message):
        raise _Damaged("a field is longer than its message")
    return message[position:position + length], position + length


def _number(fields, number):
    value = fields.get(number, [0])[-1]
    if not isinstance(value, int):
        raise _Damaged("a field is no number")
    return value


def _messages(fields, number):
    values = fields.get(number, [])
    if any(isinstance(value, int) for value in values):
        raise _Damaged("a field is no message")
    return values


def _entry(name, message):
    fields = _fields(message)
    if fields.get(7):
        raise BadInput("the tensor %s is stored in slices; that is not read here" % _shown(name))
    dimensions = [_fields(dimension) for shape in _messages(fields, 2) for dimension in _messages(_fields(shape), 2)]
    return Entry(_number(fields, 1), tuple(_number(dimension, 1) for dimension in dimensions), _number(fields, 3),
                 _number(fields, 4), _number(fields, 5), _number(fields, 6))


def _tensor(prefix, shards, name, entry):
    """The array of one tensor, after checking that its place, size and checksum are right."""
    dtype = _DTYPES.get(entry.dtype)
    if dtype is None:
        raise BadInput("%s.index: the tensor %s is of a type that is not read here" % (prefix, _shown(name)))
    size = dtype.itemsize
    for length in entry.shape:
        size *= length
    if size != entry.size or not entry.shard < shards <= _MOST_SHARDS:
        raise _Damaged("shape, size or shard of %s cannot be" % _shown(name))
    data = _read_at("%s.data-%05d-of-%05d" % (prefix, entry.shard, shards), entry.offset, size)
    if _masked_crc(data) != entry.checksum:
        raise _Damaged("the checksum of %s differs" % _shown(name))
    return np.frombuffer(data, dtype).reshape(entry.shape)


def _read_at(path, offset, size):
    try:
        if offset + size > os.path.getsize(path):
            raise BadInput("%s: shorter than its index says; fetch it again" % path)
        with open(path, "rb") as stream:
            stream.seek(offset)
            return stream.read(size)
    except OSError as error:
        raise BadInput("%s: %s; it belongs beside the index" % (path, error.strerror)) from None


def _masked_crc(data):
    """CRC32C as LevelDB stores it: rotated and shifted, so that a checksum of checksums is not degenerate."""
    checksum = google_crc32c.value(bytes(data))
    return (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _shown(name):
    return repr(name.decode("utf-8", "replace") if isinstance(name, bytes) else name)[:100]
