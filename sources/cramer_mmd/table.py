"""Reads tables in LevelDB's format: sorted records, in blocks with a CRC32C each."""

import struct

import google_crc32c

from .protobuf import Damaged, varint

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48  # bytes: two block handles, padding, the magic number
_TRAILER = 5  # bytes after a block: how it is compressed, and its checksum
_LONGEST_KEY = 200  # bytes; the published names have some 50


class Compressed(Exception):
    """A block is compressed; TensorFlow writes none."""


def read(data):
    """{key: value}, bytes and memoryviews, of the table `data` (bytes). Raises Damaged or Compressed."""
    if len(data) < _FOOTER or struct.unpack("<Q", data[-8:])[0] != _MAGIC:
        raise Damaged("it does not end like an index")
    footer = memoryview(data)[-_FOOTER:]
    position = _handle(footer, 0)[1]  # of the block of metadata, which is empty
    table, end = {}, 0
    for _, value in _records(_block(data, _handle(footer, position)[0])):
        (offset, size), _ = _handle(value, 0)
        if offset < end:
            raise Damaged("its blocks overlap")  # a small file must not unfold to a large one
        end = offset + size
        table.update(_records(_block(data, (offset, size))))
    return table


def masked_crc(data):
    """CRC32C as LevelDB stores it: rotated and shifted, so that a checksum of checksums is not degenerate."""
    checksum = google_crc32c.value(bytes(data))
    return (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _block(data, handle):
    offset, size = handle
    end = offset + size
    if end + _TRAILER > len(data):
        raise Damaged("a block lies outside the file")
    compression, checksum = struct.unpack_from("<BI", data, end)
    if masked_crc(data[offset:end + 1]) != checksum:
        raise Damaged("the checksum of a block differs")
    if compression:
        raise Compressed
    return memoryview(data)[offset:end]


def _records(block):
    """(key, value) of every record of a block; a key shares its beginning with the one before it."""
    if len(block) < 4:
        raise Damaged("a block without its own table")
    restarts, = struct.unpack("<I", block[-4:])
    end = len(block) - 4 * (restarts + 1)
    if end < 0:
        raise Damaged("a block is shorter than its own table")
    key, position = b"", 0
    while position < end:
        shared, position = varint(block, position)
        fresh, position = varint(block, position)
        length, position = varint(block, position)
        if shared > len(key) or position + fresh + length > end:
            raise Damaged("a record lies outside its block")
        if shared + fresh > _LONGEST_KEY:
            raise Damaged("a name of %d bytes" % (shared + fresh))
        key = key[:shared] + bytes(block[position:position + fresh])
        position += fresh
        yield key, block[position:position + length]
        position += length


def _handle(data, position):
    """((offset, size), next position) of a block handle."""
    offset, position = varint(data, position)
    size, position = varint(data, position)
    return (offset, size), position
