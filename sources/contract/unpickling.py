"""A pickle reader that can build nothing but numbers, strings, containers, NumPy arrays and passive records.

The standard unpickler finds and calls what a file names. This one is a small stack machine over the
opcodes that the standard library's pickletools decodes: it imports nothing, calls nothing, and knows the
few names of NumPy arrays by heart. Every other name must be allowed by the caller, and becomes a Record.
"""

import pickletools

import numpy as np

from .errors import BadInput

_MARK = object()
_ARRAY_MAKERS = {
    "numpy.core.multiarray._reconstruct": lambda arguments: _Array(),
    "numpy._core.multiarray._reconstruct": lambda arguments: _Array(),
    "numpy.core.multiarray.scalar": lambda arguments: _scalar(*arguments),
    "numpy._core.multiarray.scalar": lambda arguments: _scalar(*arguments),
    "numpy.dtype": lambda arguments: _Dtype(arguments[0]),
    "numpy.ndarray": None,
    "_codecs.encode": lambda arguments: _text(arguments[0]).encode("latin1"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_SET": set}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_LITERALS = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES "
    "SHORT_BINBYTES BINBYTES8 UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8".split())


class Record(object):
    """An object of the file as data: the name of its class and its state. It has no behaviour."""

    def __init__(self, name):
        self.name = name
        self.state = None


def load(path, allowed):
    """Read the pickle at `path`. allowed: names, "module.Class", that may appear and become Records.

    Returns numbers, strings, lists, tuples, dicts, sets, NumPy arrays (read-only) and Records.
    Raises BadInput for a file that is truncated, is no pickle, or asks for anything else.
    """
    try:
        with open(path, "rb") as stream:
            return _Machine(allowed).run(stream)
    except BadInput as error:
        raise BadInput("%s: %s" % (path, error))
    except EnvironmentError as error:
        raise BadInput("%s: %s" % (path, error.strerror))
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError,
            RuntimeError) as error:  # RuntimeError: nested too deeply
        raise BadInput("%s: not a whole pickle (%s); fetch it again"
                       % (path, " ".join(str(error).split())[:120] or type(error).__name__))


class _Name(object):
    """A name of the file, such as numpy.dtype: never looked up."""

    def __init__(self, text):
        self.text = text


class _Dtype(object):
    def __init__(self, code):
        self.dtype = np.dtype(_text(code))
        if self.dtype.kind not in "biuf":
            raise BadInput("an array of type %s is no array of numbers" % self.dtype)

    def set_state(self, state):
        self.dtype = self.dtype.newbyteorder(_text(state[1]))


class _Array(object):
    value = None

    def set_state(self, state):
        _, shape, dtype, fortran, data = state
        shape = tuple(int(length) for length in shape)
        values = np.frombuffer(_bytes(data), dtype.dtype)
        self.value = values.reshape(shape, order="F" if fortran else "C")


class _Machine(object):
    """Runs the opcodes of one pickle."""

    def __init__(self, allowed):
        self.allowed = frozenset(allowed)
        self.stack = []
        self.memo = {}

    def run(self, stream):
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name == "STOP":
                return _finished(self.stack.pop(), {})
            self._step(opcode.name, argument)
        raise BadInput("not a whole pickle: it does not end")

    def _step(self, name, argument):
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            self._replace_top(_TUPLES[name], tuple)
        elif name not in ("PROTO", "FRAME"):
            action = getattr(self, "_do_" + name.lower(), None)
            if action is None:
                raise BadInput("the opcode %s is refused: such a file can run code" % name)
            action(argument)

    def _replace_top(self, count, make):
        if count > len(self.stack):
            raise IndexError("the stack is too short")
        items = self.stack[len(self.stack) - count:]
        del self.stack[len(self.stack) - count:]
        self.stack.append(make(items))

    def _pop_to_mark(self):
        items = []
        while self.stack[-1] is not _MARK:
            items.append(self.stack.pop())
        self.stack.pop()
        return items[::-1]

    def _do_mark(self, _):
        self.stack.append(_MARK)

    def _do_pop(self, _):
        self.stack.pop()

    def _do_pop_mark(self, _):
        self._pop_to_mark()

    def _do_tuple(self, _):
        self.stack.append(tuple(self._pop_to_mark()))

    def _do_list(self, _):
        self.stack.append(self._pop_to_mark())

    def _do_dict(self, _):
        self.stack.append(_pairs(self._pop_to_mark()))

    def _do_append(self, _):
        item = self.stack.pop()
        _expect(self.stack[-1], list).append(item)

    def _do_appends(self, _):
        items = self._pop_to_mark()
        _expect(self.stack[-1], list).extend(items)

    def _do_setitem(self, _):
        value, key = self.stack.pop(), self.stack.pop()
        _expect(self.stack[-1], dict).update(_pairs([key, value]))

    def _do_setitems(self, _):
        items = self._pop_to_mark()
        _expect(self.stack[-1], dict).update(_pairs(items))

    def _do_memoize(self, _):
        self.memo[len(self.memo)] = self.stack[-1]

    def _do_put(self, index):
        self.memo[index] = self.stack[-1]

    _do_binput = _do_long_binput = _do_put

    def _do_get(self, index):
        self.stack.append(self.memo[index])

    _do_binget = _do_long_binget = _do_get

    def _do_global(self, argument):
        self._name(*argument.split(" ", 1))

    def _do_stack_global(self, _):
        name, module = self.stack.pop(), self.stack.pop()
        self._name(_text(module), _text(name))

    def _name(self, module, name):
        full = "%s.%s" % (module, name)
        if full not in self.allowed and full not in _ARRAY_MAKERS:
            raise BadInput("it names %s, which no file of this kind does; such a file can run code and is refused"
                           % full[:80])
        self.stack.append(_Name(full))

    def _do_newobj(self, _):
        self.stack.pop()
        self.stack.append(Record(self._allowed_name(self.stack.pop())))

    def _do_reduce(self, _):
        arguments, name = _expect(self.stack.pop(), tuple), _expect(self.stack.pop(), _Name)
        maker = _ARRAY_MAKERS.get(name.text)
        self.stack.append(maker(arguments) if maker else Record(self._allowed_name(name)))

    def _allowed_name(self, name):
        if not isinstance(name, _Name) or name.text not in self.allowed:
            raise BadInput("it makes an object of a class that no file of this kind has")
        return name.text

    def _do_build(self, _):
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Record):
            target.state = state
        else:
            _expect(target, (_Array, _Dtype)).set_state(_expect(state, tuple))


def _scalar(dtype, data):
    return np.frombuffer(_bytes(data), _expect(dtype, _Dtype).dtype, 1)[0]


def _expect(value, kind):
    if not isinstance(value, kind):
        raise BadInput("not a whole pickle: a %s stands where it cannot" % type(value).__name__)
    return value


def _pairs(items):
    keys = items[::2]
    for key in keys:
        if not isinstance(key, (str, int, float, bytes, type(u""))):  # a nested key could hash forever
            raise BadInput("a %s is the key of a dict" % type(key).__name__)
    return dict(zip(keys, items[1::2]))


def _text(value):
    if isinstance(value, bytes):
        return value.decode("latin1")
    return _expect(value, type(u""))


def _bytes(value):
    """Raw data; Python 2 wrote it as a string, which is read as latin1."""
    return value if isinstance(value, bytes) else _expect(value, type(u"")).encode("latin1")


def _finished(value, seen):
    """`value` with every array in place of its stand-in.

    seen: {identity: (original, finished)} of what is done or under way; it keeps the originals alive, as an
    identity is only good for as long as its object lives.
    """
    if isinstance(value, _Array):
        if value.value is None:
            raise BadInput("not a whole pickle: an array without data")
        return value.value
    if id(value) in seen:
        return seen[id(value)][1]
    seen[id(value)] = (value, value)
    if isinstance(value, tuple):
        finished = tuple(_finished(item, seen) for item in value)
        seen[id(value)] = (value, finished)
        return finished
    if isinstance(value, list):
        value[:] = [_finished(item, seen) for item in value]
    elif isinstance(value, dict):
        for key in value:
            value[key] = _finished(value[key], seen)
    elif isinstance(value, Record):
        value.state = _finished(value.state, seen)
    elif isinstance(value, (_Name, _Dtype)) or value is _MARK:
        raise BadInput("not a whole pickle: a bare name stands where data should")
    return value
