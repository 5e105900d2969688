"""Damage to bytes of any kind, and values that no JSON file of ours holds."""

import json

_VALUES = (
    None, True, False, 0, -1, 1, 2 ** 31, 2 ** 70, 10 ** 300, 0.5, 1e300, float("nan"), float("inf"), "", "x",
    "x" * 100000, "\x1b]0;\x07\n\u202e", "\ud800", "../../elsewhere", [], {}, [[]], {"a": {}}, [1, 2], [None], {"": ""})


def damaged(chance, content, others=()):
    """`content` with some damage; `chance` is a random.Random. others: bytes to take pieces from."""
    content = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        chance.choice((_flip, _flip, _set, _cut, _delete, _repeat, _splice))(chance, content, others)
    return bytes(content)


def json_value(chance):
    """A value that is seldom right."""
    return chance.choice(_VALUES)


def damaged_json(chance, value):
    """The bytes of a JSON object like `value`, a dict, with something wrong in it."""
    value = json.loads(json.dumps(value))
    place = value
    while chance.random() < 0.4 and (inner := [part for part in place.values() if isinstance(part, dict) and part]):
        place = chance.choice(inner)
    key = chance.choice([*place, "another"])
    if chance.random() < 0.2:
        place.pop(key, None)
    else:
        place[key] = json_value(chance)
    text = json.dumps(value if chance.random() < 0.95 else json_value(chance)).encode()
    if chance.random() < 0.1:
        return text.replace(b"{", chance.choice((b"[" * 100000, b'{"a":' * 5000, b"{\x00", b"\xff\xfe{")), 1)
    return damaged(chance, text) if chance.random() < 0.2 else text


def _flip(chance, content, _):
    for _ in range(chance.choice((1, 2, 8))):
        if content:
            content[_place(chance, content)] ^= 1 << chance.randrange(8)


def _set(chance, content, _):
    place, size = _place(chance, content), chance.choice((1, 2, 4, 8))
    value = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2 ** 64 - 1))
    content[place:place + size] = (value % 256 ** size).to_bytes(size, chance.choice(("little", "big")))


def _cut(chance, content, _):
    del content[_place(chance, content):]


def _delete(chance, content, _):
    place = _place(chance, content)
    del content[place:place + chance.choice((1, 2, 5, 30, 300))]


def _repeat(chance, content, _):
    place = _place(chance, content)
    piece = content[place:place + chance.choice((1, 4, 30, 1000))]
    content[place:place] = piece * chance.choice((1, 1, 5, 100))


def _splice(chance, content, others):
    other = chance.choice(others) if others else content
    start = _place(chance, other)
    place = _place(chance, content)
    content[place:place + chance.choice((0, 4, 30))] = other[start:start + chance.choice((1, 4, 30, 1000))]


def _place(chance, content):
    """Somewhere; more often near the beginning or the end, where there is more than numbers."""
    size = max(1, len(content))
    return chance.choice((chance.randrange(size), chance.randrange(min(size, 200)),
                          size - 1 - chance.randrange(min(size, 100))))
