"""Fuzzes the reader of .npz files and the importer of SNGAN that stands on it.

    python tests/fuzz/fuzz_npz.py [--count 10000] [--seed 0]

Each input is a snapshot in which bytes, members, headers or arrays are damaged, or that unpacks to gigabytes. What is
wrong: docs/fuzzing.md.
"""

import io
import random
import sys
import types
import zipfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sources.sngan import import_, variables  # noqa: E402 - found by the line above
from tests.fuzz import bombs  # noqa: E402
from tests.fuzz.fuzzing import Runner, main  # noqa: E402

_HEADERS = (
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999)}", "{'descr': '<f4'}", "[1, 2]",
    "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': ()}", "__import__('os').system('touch elsewhere')",
    "{'descr': '<f4', 'fortran_order': 7, 'shape': 'x'}", "(" * 500, "{'descr': 'V8', 'fortran_order': 0, 'shape': ()}")


def snapshot(seed=0):
    """{key: array} of a small trainer snapshot: both networks of 64 pixels."""
    random_state = np.random.RandomState(seed)
    shapes = {"updater/model:opt_gen/" + key: shape
              for key, shape in variables.generator_shapes(64, 1, 2, 1, 4).items()}
    shapes.update({"updater/model:opt_dis/" + key: shape
                   for key, shape in variables.discriminator_shapes(64, 1, 1).items()})
    return {key: np.int32(7) if key.endswith("/N") else random_state.standard_normal(shape).astype(np.float32)
            for key, shape in shapes.items()}


def pack(members):
    """The bytes of a .npz file of {key: bytes of a .npy file}."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name + ".npy"), data)  # without the clock
    return stream.getvalue()


def npy(array):
    """The bytes of a .npy file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), version=(1, 0))
    return stream.getvalue()


def inputs(seed, count):
    """Yield `count` damaged snapshots, a function of the seed alone."""
    chance = random.Random(seed)
    whole = [(name, npy(array)) for name, array in snapshot().items()]
    for _ in range(count):
        if chance.random() < 0.02:
            yield bombs.npz(chance.choice(sorted(bombs.NPZ)))
            continue
        members = list(whole)
        place = chance.randrange(len(members))
        chance.choice((_drop, _rename, _reshape, _reheader, _climb, _leave, _leave))(chance, members, place)
        content = bytearray(pack(members))
        if chance.random() < 0.6:
            _damage(chance, content)
        yield bytes(content)


def _drop(chance, members, place):
    del members[place]


def _rename(chance, members, place):
    members[place] = (members[place][0] + chance.choice("/ux\0"), members[place][1])


def _climb(chance, members, place):
    members.append((chance.choice(("../../elsewhere", "/tmp/elsewhere", "updater/model:opt_gen/../../x")), npy([1])))


def _reshape(chance, members, place):
    shape = tuple(chance.randrange(0, 4) for _ in range(chance.randrange(0, 5)))
    members[place] = (members[place][0], npy(np.zeros(shape, chance.choice(("f4", "f8", "i8", "u1", "S3", "c8")))))


def _reheader(chance, members, place):
    header = chance.choice(_HEADERS).encode()
    members[place] = (members[place][0], b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 64)


def _leave(chance, members, place):
    pass


def _damage(chance, content):
    """Flip bytes, most of them in the directory at the end, or cut the file."""
    if chance.random() < 0.2:
        del content[chance.randrange(len(content)):]
        return
    for _ in range(chance.randrange(1, 6)):
        start = 0 if chance.random() < 0.4 else len(content) - min(len(content), 6000)
        content[chance.randrange(start, len(content))] = chance.randrange(256)


def read(path, out):
    """The importer."""
    import_.import_(types.SimpleNamespace(checkpoint=str(path), out=str(out), resolution=None))


def fuzz(seed, count):
    """(accepted, refused, [(what was wrong, the input)])."""
    with Runner(read) as runner:
        warm = runner.folder / "warm.npz"
        warm.write_bytes(pack([(name, npy(array)) for name, array in snapshot().items()]))
        read(warm, runner.folder / "warm")  # loads what is loaded late, and proves that the example is valid
        return runner.feed_all(inputs(seed, count))


if __name__ == "__main__":
    main(__doc__, {"npz": fuzz}, "input.npz")
