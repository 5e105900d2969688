"""Reads the wire format of protocol buffers, without their schemas."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Damaged(Exception):
    """The bytes make no sense; the text says where."""


def fields(message):
    """{field number: [values]} of a message (memoryview): numbers, or memoryviews of what has a length."""
    found, position = {}, 0
    while position < len(message):
        tag, position = varint(message, position)
        kind = tag & 7
        if kind == _VARINT:
            value, position = varint(message, position)
        elif kind == _BYTES:
            length, position = varint(message, position)
            value, position = _take(message, position, length)
        elif kind in (_FIXED32, _FIXED64):
            raw, position = _take(message, position, 4 if kind == _FIXED32 else 8)
            value = int.from_bytes(raw, "little")
        else:
            raise Damaged("a field of an unknown kind")
        found.setdefault(tag >> 3, []).append(value)
    return found


def number(found, field):
    """The number in a field of what `fields` found; 0 if it is not there, as protocol buffers have it."""
    value = found.get(field, [0])[-1]
    if not isinstance(value, int):
        raise Damaged("a field is no number")
    return value


def messages(found, field):
    """The nested messages in a field of what `fields` found."""
    values = found.get(field, [])
    if any(isinstance(value, int) for value in values):
        raise Damaged("a field is no message")
    return values


def varint(data, position):
    """(number, next position) of a number of 1 to 10 bytes, the least significant seven bits first."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            break
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise Damaged("a number does not end")


def _take(message, position, length):
    if position + length > len(message):
        raise Damaged("a field is longer than its message")
    return message[position:position + length], position + length
