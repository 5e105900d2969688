"""Hostile and damaged pickles: mutations of valid ones, of their bytes, their opcodes and their objects."""

import os
import pickle
import pickletools
import struct

import numpy as np

CLASS = "tfutil.Network"
_OPCODES = [opcode.code.encode("latin1") for opcode in pickletools.opcodes]
_NUMBERS = (0, 1, -1, 2, 127, 255, 256, 65535, 2 ** 31 - 1, -2 ** 31, 2 ** 32 - 1)
_NAMES = (b"os\nsystem", b"posix\nsystem", b"builtins\neval", b"builtins\nexec", b"subprocess\nPopen", b"numpy\nload",
          b"numpy\nfromfile", b"numpy.lib.npyio\nload", b"importlib\nimport_module", b"tfutil\nNetwork.__init__",
          b"numpy.core.multiarray\nfromfile", b"sys\nexit", b"_codecs\nencode", b"tfutil\nNetwork", b"numpy\ndtype",
          b"numpy\nndarray", b"numpy.core.multiarray\n_reconstruct", b"numpy.core.multiarray\nscalar", b"a.b\nc.d")


def mutated(random, examples):
    """A damaged copy of one of `examples`, bytes of valid pickles; `random` is a random.Random."""
    content = random.choice(examples)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        content = random.choice(_MUTATIONS)(random, content, examples)
    return content


def _flip_bits(random, content, _):
    damaged = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8))):
        if damaged:
            damaged[_place(random, damaged)] ^= 1 << random.randrange(8)
    return bytes(damaged)


def _truncate(random, content, _):
    return content[:_place(random, content)]


def _delete(random, content, _):
    start = _place(random, content)
    return content[:start] + content[start + random.choice((1, 2, 5, 30, 300)):]


def _splice(random, content, examples):
    other = random.choice(examples)
    start, place = _place(random, other), _place(random, content)
    piece = other[start:start + random.choice((1, 3, 10, 60, 1000))]
    return content[:place] + piece * random.choice((1, 1, 1, 3, 200)) + content[place + random.choice((0, len(piece))):]


def _insert_opcodes(random, content, _):
    place = random.choice(_opcode_places(content))
    inserted = b"".join(_opcode(random) for _ in range(random.choice((1, 2, 5))))
    return content[:place] + inserted + content[place:]


def _replace_opcode(random, content, _):
    place = random.choice(_opcode_places(content))
    return content[:place] + random.choice(_OPCODES) + content[place + 1:]


def _call_something(random, content, _):
    place = random.choice(_opcode_places(content))
    call = random.choice((b"(S'touch victim'\ntR", b")R", b")\x81", b"(K\x01\x85o"))
    return content[:place] + b"c" + random.choice(_NAMES) + b"\n" + call + random.choice((b"", b"0")) + content[place:]


_MUTATIONS = (_flip_bits, _truncate, _delete, _splice, _insert_opcodes, _replace_opcode, _call_something)


def _place(random, content):
    """Somewhere; half of the time near the beginning or the end, where there is more than numbers."""
    size = max(1, len(content))
    return random.choice((random.randrange(size), random.randrange(min(size, 400)),
                          size - 1 - random.randrange(min(size, 100)), random.randrange(size)))


def _opcode_places(content):
    places = [0]
    try:
        for _, _, place in pickletools.genops(content):
            places.append(place)
    except Exception:  # noqa: BLE001 - a damaged pickle ends in many ways; what came before is used
        return places
    return places


def _opcode(random):
    code = random.choice(_OPCODES)
    number = random.choice(_NUMBERS)
    packed = struct.pack("<q", number)[:random.choice((0, 1, 2, 4, 8))]
    line = random.choice((b"", b"1\n", str(number).encode() + b"\n", random.choice(_NAMES) + b"\n", b"'x'\n"))
    return code + packed + line + bytes(random.randrange(256) for _ in range(random.choice((0, 0, 3))))


class Command:
    """Pickles as a call of os.system, which would leave a file."""

    def __reduce__(self):
        return os.system, ("touch victim",)


def bomb(levels=100):
    """A list of 2^levels leaves that takes no room: to print or compare it takes for ever."""
    value = []
    for _ in range(levels):
        value = [value, value]
    return value


def deep(levels=200):
    """A list within a list within a list."""
    value = []
    for _ in range(levels):
        value = [value]
    return value


def circle():
    """A list that holds itself."""
    value = [1]
    value.append(value)
    return value


def hostile_value(random):
    """Something that no published checkpoint holds where it is put."""
    return random.choice((
        Command, bomb, deep, circle, lambda: tuple(bomb()), lambda: {"a": bomb()}, lambda: 10 ** 5000,
        lambda: float("nan"), lambda: float("inf"), lambda: -1, lambda: 0, lambda: 1, lambda: 2 ** 31, lambda: 2 ** 70,
        lambda: True, lambda: None, lambda: "", lambda: "x" * 100000, lambda: b"x", lambda: "\x1b]0;\x07\n\u202e",
        lambda: "../../../tmp/x", lambda: "G_paper", lambda: {}, lambda: [], lambda: (), lambda: set(), lambda: 1j,
        lambda: np.float32("nan"), lambda: np.float64(3), lambda: np.int64(8), lambda: np.zeros(3, np.float32),
        lambda: np.zeros((0, 3), np.float32), lambda: np.zeros((3, 3), ">f4"), lambda: np.ones((2, 3), order="F"),
        lambda: np.array([Command()], object), lambda: np.array(["text"]), lambda: np.zeros(2, "datetime64[s]"),
        lambda: np.zeros(2, [("a", "f4")]), lambda: np.ones(4, np.complex64), lambda: np.dtype("f4"), lambda: 0.5,
        lambda: 8, lambda: 16, lambda: "float16", lambda: 1e300, lambda: np.bool_(True)))()


def with_hostile_object(random, states):
    """The states of networks (dicts) with one hostile value somewhere, or the same kind of it in all of them."""
    everywhere = random.random() < 0.3
    which = random.randrange(len(states))
    place = random.choice(("static_kwargs", "static_kwargs", "variables", "variables", "state", "whole"))
    seed = random.random()
    for number, state in enumerate(states):
        if everywhere or number == which:
            _spoil(type(random)(seed), state, place, states)
    return states


def _spoil(random, state, place, states):
    value = hostile_value(random)
    if place == "static_kwargs":
        settings = state["static_kwargs"]
        settings[random.choice([*settings, "fused_scale", "latent_size", "mode", "x" * 99])] = value
    elif place == "variables":
        index = random.randrange(len(state["variables"]))
        name, array = state["variables"][index]
        state["variables"][index] = random.choice((value, (value, array), (name, value), (name, array, value)))
    elif place == "state":
        state[random.choice([*state, "another"])] = value
    else:
        states[random.randrange(len(states))] = value


def dumps(random, content):
    """Pickle in one of the protocols; some values are known to few of them."""
    return pickle.dumps(content, random.choice((2, 3, 4, 4, 4, 5)))
