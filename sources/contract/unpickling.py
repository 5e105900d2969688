"""A pickle reader that can build nothing but numbers, strings, containers, NumPy arrays and passive records.

The standard unpickler finds and calls what a file names. This one is a small stack machine over the
opcodes that the standard library's pickletools decodes: it imports nothing, calls nothing, and knows by
heart the few names with which every protocol, 0 to 5, writes arrays, bytes and objects. Every other name
must be allowed by the caller, and becomes a Record.

What it returns is no larger than its file, but the same object may stand in many places of it, so that
printing or comparing a container may take for ever: check the types of the parts first, and show with
`pickled.describe` what is not what it should be.
"""

import os
import pickletools
import warnings

import numpy as np

from . import foreign
from .errors import BadInput
from .pickled import Array, Dtype, describe, encoded, expect, scalar, short_text, whole_array

_MARK = object()
_MAKERS = {
    "numpy.core.multiarray._reconstruct": lambda arguments: Array(),
    "numpy.core.multiarray.scalar": lambda arguments: scalar(*arguments),
    "numpy.core.numeric._frombuffer": lambda arguments: whole_array(*arguments),  # protocol 5
    "numpy.dtype": lambda arguments: Dtype(arguments[0]), "numpy.ndarray": None,
    "_codecs.encode": lambda arguments: encoded(*arguments),  # bytes, in protocols before 3
    "builtins.object": None}
_OBJECT_MAKER = "copyreg._reconstructor"  # of protocols 0 and 1; its first argument is the class
_SAME = {"numpy._core.": "numpy.core.", "__builtin__.": "builtins.", "copy_reg.": "copyreg."}
_STRANGERS = {"dnnlib": "StyleGAN", "torch_utils": "StyleGAN", "torch": "PyTorch", "keras": "Keras",
              "tensorflow": "TensorFlow", "chainer": "Chainer", "lasagne": "Lasagne"}
_LONGEST_LINE = 1 << 16
_MOST_OPCODES = 1000000  # some seconds; the published checkpoints have some thousands
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_DICT": dict, "EMPTY_SET": set}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_LITERALS = frozenset(
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES "
    "SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8".split())


class Record(object):
    """An object of the file as data: the name of its class and its state. It has no behaviour."""

    def __init__(self, name):
        self.name = name
        self.state = None


def load(path, allowed):
    """Read the pickle at `path`.

    allowed: names, "module.Class", that may appear and become Records, also in a package: "a.module.Class".

    Returns numbers, strings, lists, tuples, dicts, sets, NumPy arrays (read-only) and Records.
    Raises BadInput for a file that is truncated, is no pickle, or asks for anything else.
    """
    foreign.check(path, "a pickle", b"\x80")
    try:
        if not os.path.isfile(path):
            raise BadInput("no such file")
        with open(path, "rb") as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pickletools warns of odd escapes in a text
            size = os.fstat(stream.fileno()).st_size
            return _Machine(allowed, size).run(_Whole(stream, size))
    except BadInput as error:
        raise BadInput("%s: %s" % (path, error))
    except EnvironmentError as error:
        raise BadInput("%s: %s" % (path, error.strerror))
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError,
            RuntimeError) as error:  # RuntimeError: nested too deeply
        raise BadInput("%s: not a whole pickle (%s); fetch it again"
                       % (path, " ".join(str(error).split())[:120] or type(error).__name__))


class _Whole(object):
    """A file of `size` bytes that never reads, or makes room for, more than it has."""

    def __init__(self, stream, size):
        self._stream, self._size = stream, size
        self.tell = stream.tell

    def read(self, count):
        if count > self._size - self.tell():
            raise BadInput("not a whole pickle: it ends too early; fetch it again")
        return self._stream.read(count)

    def readline(self):
        line = self._stream.readline(_LONGEST_LINE)
        if len(line) == _LONGEST_LINE:
            raise BadInput("a line of %d bytes: large pickles of protocol 0 are not read here; write it with a "
                           "later one" % len(line))
        return line


class _Name(object):
    """A name of the file, such as numpy.dtype: never looked up."""

    def __init__(self, text):
        self.text = text


class _Machine(object):
    """Runs the opcodes of one pickle of `size` bytes."""

    def __init__(self, allowed, size):
        self.allowed = frozenset(allowed)
        self.room = {"arrays": size, "texts": size}  # bytes that they may have: what made them is in the file
        self.stack = []
        self.memo = {}

    def run(self, stream):
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if opcode.name == "STOP":
                return _finished(self.stack.pop(), {})
            if count > _MOST_OPCODES:
                raise BadInput("more than %d opcodes; no file of this kind has so many" % _MOST_OPCODES)
            self._step(opcode.name, argument)
        raise BadInput("not a whole pickle: it does not end")

    def _step(self, name, argument):
        if name in _LITERALS:
            self.stack.append(bytes(argument) if isinstance(argument, bytearray) else argument)
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
        expect(self.stack[-1], list).append(item)

    def _do_appends(self, _):
        items = self._pop_to_mark()
        expect(self.stack[-1], list).extend(items)

    def _do_setitem(self, _):
        value, key = self.stack.pop(), self.stack.pop()
        expect(self.stack[-1], dict).update(_pairs([key, value]))

    def _do_setitems(self, _):
        items = self._pop_to_mark()
        expect(self.stack[-1], dict).update(_pairs(items))

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
        self._name(short_text(module), short_text(name))

    def _name(self, module, name):
        full = _usual("%s.%s" % (module, name))
        stranger = _STRANGERS.get(full.split(".")[0])
        if stranger:
            raise BadInput("it names %s: it is a file of %s, which is not read here" % (describe(full), stranger))
        if not (self._allows(full) or full in _MAKERS or full == _OBJECT_MAKER):
            raise BadInput("it names %s, which no file of this kind does; such a file can run code and is refused"
                           % describe(full))
        self.stack.append(_Name(full))

    def _allows(self, full):
        return any(full == name or full.endswith("." + name) for name in self.allowed)

    def _do_inst(self, argument):
        self._pop_to_mark()
        self._do_global(argument)
        self._record(self.stack.pop())

    def _do_obj(self, _):
        self._record(self._pop_to_mark()[0])

    def _do_newobj(self, _):
        self.stack.pop()
        self._record(self.stack.pop())

    def _do_reduce(self, _):
        arguments, name = expect(self.stack.pop(), tuple), expect(self.stack.pop(), _Name)
        maker = _MAKERS.get(name.text)
        if maker is None:
            self._record(arguments[0] if name.text == _OBJECT_MAKER else name)
            return
        made = maker(arguments)
        if isinstance(made, np.ndarray):
            self._spend("arrays", made.nbytes)
        elif isinstance(made, bytes):
            self._spend("texts", len(made))
        self.stack.append(made)

    def _record(self, name):
        if not isinstance(name, _Name) or not self._allows(name.text):
            raise BadInput("it makes an object of a class that no file of this kind has")
        self.stack.append(Record(name.text))

    def _spend(self, what, count):
        self.room[what] -= count
        if self.room[what] < 0:
            raise BadInput("its %s are larger than the file" % what)

    def _do_build(self, _):
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Record):
            target.state = state
        else:
            expect(target, (Array, Dtype)).set_state(expect(state, tuple))
        if isinstance(target, Array):
            self._spend("arrays", target.value.nbytes)


def _usual(full):
    """A name as this file has it: modules have moved between versions of Python and NumPy."""
    for moved, usual in _SAME.items():
        if full.startswith(moved):
            return usual + full[len(moved):]
    return full


def _pairs(items):
    keys = items[::2]
    for key in keys:
        if not isinstance(key, (str, int, float, bytes, type(u""))) or isinstance(key, int) and key.bit_length() > 64:
            raise BadInput("%s is the key of a dict" % describe(key))  # it could hash for ever
    return dict(zip(keys, items[1::2]))


def _finished(value, seen):
    """`value` with every array in place of its stand-in.

    seen: {identity: (original, finished)} of what is done or under way; it keeps the originals alive, as an
    identity is only good for as long as its object lives.
    """
    if isinstance(value, Array):
        if value.value is None:
            raise BadInput("not a whole pickle: an array without data")
        return value.value
    if id(value) in seen:
        if seen[id(value)][1] is _MARK:
            raise BadInput("not a whole pickle: a tuple within itself")
        return seen[id(value)][1]
    seen[id(value)] = (value, _MARK if isinstance(value, tuple) else value)
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
    elif isinstance(value, (_Name, Dtype)) or value is _MARK:
        raise BadInput("not a whole pickle: a bare name stands where data should")
    return value
