"""Writes TensorFlow 1 checkpoints (TensorBundle), whole ones and wrong ones."""

import struct

import google_crc32c
import numpy as np

_DTYPES = {np.dtype("<f4"): 1, np.dtype("<f8"): 2, np.dtype("<i4"): 3, np.dtype("<i8"): 9}


def pack(tensors, change=lambda name, message: message, spoil=lambda content: content, per_block=1 << 10):
    """(index, data): the bytes of a checkpoint of {name: array}.

    change: may alter the protocol buffer of each name before it goes into the index. spoil: may alter the bytes of
    each block. Checksums fit what is altered. per_block: so many records of the index stand in a block.
    """
    data, records = b"", [(b"", change("", field(1, 1) + field(3, field(1, 1))))]
    for name in sorted(tensors):
        content = np.ascontiguousarray(tensors[name]).tobytes()
        shape = b"".join(field(2, field(1, length)) for length in tensors[name].shape)
        message = (field(1, _DTYPES[tensors[name].dtype]) + field(2, shape) + field(4, len(data))
                   + field(5, len(content)) + varint(6 << 3 | 5) + struct.pack("<I", masked_crc(content)))
        records.append((name.encode(), change(name, message)))
        data += content
    return table([records[place:place + per_block] for place in range(0, len(records), per_block)], spoil), data


def table(parts, spoil=lambda content: content, repeat=1):
    """A LevelDB table of blocks of [(key, value)] in order. repeat: how often its index names each block."""
    content, pointers = b"", []
    for records in parts:
        body = spoil(block(records))
        pointers += [(records[-1][0] + b"\xff", varint(len(content)) + varint(len(body)))] * repeat
        content += sealed(body)
    footer = varint(len(content)) + varint(len(block([])))
    content += sealed(block([]))
    index = spoil(block(pointers))
    footer += varint(len(content)) + varint(len(index))
    return content + sealed(index) + footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)


def block(records):
    """A block: keys that share their beginning with the one before say only what is new."""
    content, last = b"", b""
    for key, value in records:
        shared = next((place for place in range(min(len(key), len(last))) if key[place] != last[place]),
                      min(len(key), len(last)))
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    return content + struct.pack("<II", 0, 1)


def sealed(content, compression=b"\0"):
    """A block and its trailer."""
    return content + compression + struct.pack("<I", masked_crc(content + compression))


def masked_crc(content):
    """CRC32C as LevelDB stores it."""
    checksum = google_crc32c.value(bytes(content))
    return (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def field(number, value):
    """A field of a protocol buffer: a number or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(number):
    """Seven bits a byte, the least significant first."""
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])
