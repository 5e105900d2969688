"""Fuzzes the reader of TensorFlow checkpoints and the importer of CramerGAN and MMDGAN that stands on it.

    python tests/fuzz/fuzz_tensorbundle.py [--count 10000] [--seed 0]

Each input is a checkpoint with damaged bytes, or with wrong entries under checksums that fit. What is wrong:
docs/fuzzing.md.
"""

import random
import sys
import types
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sources.cramer_mmd import cramergan, import_, variables  # noqa: E402 - found by the line above
from tests.fuzz import tensorbundles  # noqa: E402
from tests.fuzz.fuzzing import Runner, main  # noqa: E402


def tensors():
    """{name: array} of small networks for 32 pixels."""
    shapes = {"generator/" + name: shape for name, shape in variables.generator_shapes(32, 1, 3).items()}
    shapes.update({"discriminator/" + name: shape for name, shape in variables.discriminator_shapes(32, 1, 2).items()})
    random_state = np.random.RandomState(0)
    return {name: random_state.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def inputs(seed, count):
    """Yield `count` damaged checkpoints, {name: bytes}, a function of the seed alone."""
    chance, whole = random.Random(seed), tensors()
    for _ in range(count):
        yield files(chance.choice((_bytes, _variables, _entries, _blocks))(chance, whole))


def files(packed):
    """{name: bytes} of what tensorbundles.pack returns."""
    return dict(zip(("model.index", "model.data-00000-of-00001"), packed, strict=True))


def _bytes(chance, whole):
    """Damaged bytes, which checksums tell."""
    index, data = tensorbundles.pack(whole)
    return (_damaged(chance, index), data) if chance.random() < 0.7 else (index, _damaged(chance, data))


def _variables(chance, whole):
    """Other variables than a network has, under checksums that fit."""
    chosen = dict(whole)
    for _ in range(chance.randrange(3)):
        chance.choice((_drop, _rename, _retype))(chance, chosen)
    return tensorbundles.pack(chosen)


def _entries(chance, whole):
    """Entries of the index with wrong fields or bytes, under checksums that fit."""
    share = chance.choice((0.01, 0.05))

    def change(name, message):
        if chance.random() > share:
            return message
        if chance.random() < 0.5:
            number = chance.choice((1, 2, 3, 4, 5, 6, 7, 9))
            value = chance.choice((0, 1, 2 ** 31, 2 ** 63 - 1, 2 ** 64 - 1, b"", b"\xff" * 12, b"\x12\x02\x08\x7f"))
            return message + tensorbundles.field(number, value)
        return _damaged(chance, message)
    return tensorbundles.pack(whole, change)


def _blocks(chance, whole):
    """Blocks of the index with wrong bytes, under checksums that fit."""
    return tensorbundles.pack(whole, spoil=lambda content: _damaged(chance, content) if chance.random() < 0.7
                              else content, per_block=chance.choice((1, 10, 1000)))


def _drop(chance, chosen):
    del chosen[chance.choice(sorted(chosen))]


def _rename(chance, chosen):
    name = chance.choice(sorted(chosen))
    chosen[name + chance.choice(("x", "/../../elsewhere", "\n"))] = chosen.pop(name)


def _retype(chance, chosen):
    shape = tuple(chance.randrange(0, 4) for _ in range(chance.randrange(0, 5)))
    chosen[chance.choice(sorted(chosen))] = np.full(shape, np.nan, chance.choice(("<f4", "<f8")))


def _damaged(chance, content):
    content = bytearray(content)
    if not content or chance.random() < 0.2:
        return bytes(content[:chance.randrange(len(content) + 1)])
    for _ in range(chance.randrange(1, 5)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def read(path, out):
    """The importer."""
    import_.import_(types.SimpleNamespace(
        gan=cramergan, checkpoint=str(path.with_name("model")), out=str(out), resolution=None))


def fuzz(seed, count):
    """(accepted, refused, [(what was wrong, the input)])."""
    with Runner(read) as runner:
        runner.place(runner.folder / "model", files(tensorbundles.pack(tensors())))
        read(runner.folder / "model", runner.folder / "warm")  # proves that the example is valid
        return runner.feed_all(inputs(seed, count))


if __name__ == "__main__":
    main(__doc__, {"tensorbundle": fuzz}, "model")
