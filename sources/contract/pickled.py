"""What a pickle holds of arrays, numbers and bytes: checked as data, and none of it larger than what the file gave.

Protocols 0 to 4 name an array's maker, then tell its type, shape and raw bytes by a state; protocol 5 has all of it
in one call. `sources.contract.unpickling` reads the pickle itself.
"""

import numpy as np

from .errors import BadInput

_DTYPES = frozenset("b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split())
_LONGEST_NAME = 200


def describe(value):
    """A short text for a message that shows `value`, whatever a file made it: never long to make, never long."""
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, (bytes, type(u""))):
        return repr(value[:60])
    if isinstance(value, int) and value.bit_length() <= 64:
        return repr(value)
    return "a %s" % type(value).__name__


def expect(value, kind):
    """`value`, if it is of this kind, or one of these. Raises BadInput."""
    if not isinstance(value, kind):
        raise BadInput("not a whole pickle: a %s stands where it cannot" % type(value).__name__)
    return value


def short_text(value):
    """A name or a code as text; Python 2 wrote them as bytes. Raises BadInput."""
    if not isinstance(value, bytes):
        expect(value, type(u""))
    if len(value) > _LONGEST_NAME:
        raise BadInput("not a whole pickle: a name of %d characters" % len(value))
    return value.decode("latin1") if isinstance(value, bytes) else value


class Dtype(object):
    """A type of numbers, by its code, such as f4; its state has the byte order."""

    def __init__(self, code):
        code = short_text(code)
        if code not in _DTYPES:
            raise BadInput("an array of type %s is no array of numbers" % describe(code))
        self.dtype = np.dtype(code)

    def set_state(self, state):
        order = short_text(state[1])
        if order not in ("<", ">", "|", "="):
            raise BadInput("not a whole pickle: the byte order %s" % describe(order))
        self.dtype = self.dtype.newbyteorder(order)


class Array(object):
    """The place of an array, which its state makes. value: the array then."""

    value = None

    def set_state(self, state):
        _, shape, dtype, fortran, data = state
        self.value = _shaped(data, dtype, shape, "F" if fortran else "C")


def whole_array(data, dtype, shape, order, axes=None):
    """An array as protocol 5 has it. axes: where each one is in the file, if the order is K."""
    if short_text(order) != "K":
        return _shaped(data, dtype, shape, order)
    if sorted(expect(axes, tuple)) != list(range(len(expect(shape, tuple)))):
        raise BadInput("not a whole pickle: an array without its axes")
    return _shaped(data, dtype, shape, "C").transpose(axes)


def scalar(dtype, data):
    """A single number of NumPy's."""
    return _numbers(expect(dtype, Dtype).dtype, data, 1)[0]


def encoded(characters, encoding):
    """The bytes that an old protocol wrote as a text."""
    if short_text(encoding) != "latin1":
        raise BadInput("not a whole pickle: bytes as %s" % describe(encoding))
    return expect(characters, type(u"")).encode("latin1")


def _shaped(data, dtype, shape, order):
    if len(expect(shape, tuple)) > 8:
        raise BadInput("an array of %d dimensions" % len(shape))
    count = 1
    for length in shape:
        count *= expect(length, int)
    return _numbers(expect(dtype, Dtype).dtype, data, count).reshape(shape, order=short_text(order))


def _numbers(dtype, data, count):
    """`count` numbers from raw data; Python 2 wrote it as a string, which is read as latin1."""
    if not isinstance(data, bytes):
        expect(data, type(u""))
    if len(data) != count * dtype.itemsize:
        raise BadInput("not a whole pickle: %d bytes where %d numbers should be" % (len(data), count))
    return np.frombuffer(data if isinstance(data, bytes) else data.encode("latin1"), dtype)
