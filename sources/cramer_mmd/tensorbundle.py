"""Reads the checkpoints of TensorFlow 1 (TensorBundle, "V2") without TensorFlow.

PREFIX.index is a table from each name to a protocol buffer (BundleEntryProto) that says type, shape, shard, offset,
size and checksum of a tensor. PREFIX.data-00000-of-00001 and so on are the tensors' bytes. Every checksum is compared,
and nothing larger than the files themselves is ever allocated.
"""

import math
import os
from collections import Counter
from typing import NamedTuple

import numpy as np

from sources.contract import foreign
from sources.contract.errors import BadInput

from . import protobuf, table
from .protobuf import Damaged

_LARGEST_INDEX = 1 << 18  # bytes; the published ones have some 3,000
_MOST_DIMENSIONS = 8
_MOST_SHARDS = 1 << 10
_DTYPES = {1: np.dtype("<f4"), 2: np.dtype("<f8"), 3: np.dtype("<i4"), 9: np.dtype("<i8")}


class Entry(NamedTuple):
    """Where a tensor is, as the index says."""

    dtype: int
    shape: tuple
    shard: int
    offset: int
    size: int
    checksum: int


class _NotRead(Exception):
    """A checkpoint may be so, but none of these GANs is; the text says how."""


def read(prefix):
    """{name: array} of all tensors of a checkpoint.

    Raises BadInput for a checkpoint that is not whole, not of this format, or has tensors in slices or of types
    other than numbers.
    """
    try:
        shards, entries = _parse_index(_index(prefix))
        _check_sizes(prefix, shards, entries)
        return {name: _tensor(prefix, shards, name, entry) for name, entry in entries.items()}
    except Damaged as error:
        raise BadInput("%s.index: not a whole TensorFlow checkpoint (%s); fetch it again" % (prefix, error)) from None
    except table.Compressed:
        raise BadInput("%s.index: its blocks are compressed; that is not read here" % prefix) from None
    except _NotRead as error:
        raise BadInput("%s.index: %s; that is not read here" % (prefix, error)) from None


def _index(prefix):
    """The bytes of the index."""
    path = prefix + ".index"
    if not os.path.isfile(path):
        if os.path.isfile(prefix):
            raise BadInput("%s: no %s.index beside it; a checkpoint in one file, the format before TensorFlow 0.12, is "
                           "not read here" % (prefix, os.path.basename(prefix)))
        raise BadInput("%s: no such file; --checkpoint takes the part of the name before .index" % path)
    foreign.check(path, "the index of a TensorFlow checkpoint", b"\0")
    size = os.path.getsize(path)
    if size > _LARGEST_INDEX:
        raise BadInput("%s: %d bytes is too large for the index of a checkpoint" % (path, size))
    return _read_at(path, 0, size)


def _parse_index(data):
    """(number of shards, {name: Entry}) from the bytes of an index."""
    records = table.read(data)
    if b"" not in records:
        raise Damaged("its header is missing")
    header = protobuf.fields(records.pop(b""))
    if protobuf.number(header, 2):
        raise _NotRead("it was written by a big-endian machine")
    return protobuf.number(header, 1), dict(_entry(name, value) for name, value in records.items())


def _entry(raw_name, message):
    """(name, Entry) of a record of the index."""
    try:
        name = raw_name.decode("utf-8")
    except UnicodeDecodeError:
        raise Damaged("a name is no text") from None
    fields = protobuf.fields(message)
    if fields.get(7):
        raise _NotRead("the tensor %r is stored in slices" % name)
    dimensions = [protobuf.fields(dimension) for shape in protobuf.messages(fields, 2)
                  for dimension in protobuf.messages(protobuf.fields(shape), 2)]
    if len(dimensions) > _MOST_DIMENSIONS:
        raise Damaged("%r has %d dimensions" % (name, len(dimensions)))
    shape = tuple(protobuf.number(dimension, 1) for dimension in dimensions)
    return name, Entry(protobuf.number(fields, 1), shape, *(protobuf.number(fields, place) for place in (3, 4, 5, 6)))


def _check_sizes(prefix, shards, entries):
    """Raise unless types and shapes fit, and the tensors together are no larger than the files they are in."""
    if shards > _MOST_SHARDS:
        raise Damaged("it claims %d shards" % shards)
    claimed = Counter()
    for name, entry in entries.items():
        if entry.dtype not in _DTYPES:
            raise _NotRead("the tensor %r does not hold numbers of 4 or 8 bytes" % name)
        if not 0 < _DTYPES[entry.dtype].itemsize * math.prod(entry.shape) == entry.size or entry.shard >= shards:
            raise Damaged("shape, size or shard of %r cannot be" % name)
        claimed[entry.shard] += entry.size
    for shard, size in claimed.items():
        path = _shard(prefix, shard, shards)
        if not os.path.isfile(path):
            raise BadInput("%s: no such file; it belongs beside the index" % path)
        if os.path.getsize(path) < size:
            raise BadInput("%s: shorter than its index says; fetch it again" % path)


def _tensor(prefix, shards, name, entry):
    """The array of one tensor, after comparing its checksum."""
    data = _read_at(_shard(prefix, entry.shard, shards), entry.offset, entry.size)
    if table.masked_crc(data) != entry.checksum:
        raise Damaged("the checksum of %r differs" % name)
    return np.frombuffer(data, _DTYPES[entry.dtype]).reshape(entry.shape)


def _shard(prefix, number, count):
    return "%s.data-%05d-of-%05d" % (prefix, number, count)


def _read_at(path, offset, size):
    """`size` bytes of a file that is known to have as many, from `offset` on."""
    try:
        if offset + size > os.path.getsize(path):
            raise BadInput("%s: shorter than its index says; fetch it again" % path)
        with open(path, "rb") as stream:
            stream.seek(offset)
            return stream.read(size)
    except OSError as error:
        raise BadInput("%s: %s" % (path, error.strerror)) from None
