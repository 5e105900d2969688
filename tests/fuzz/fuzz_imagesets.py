"""Fuzzes the reader of image sets.

    python tests/fuzz/fuzz_imagesets.py [--count 10000] [--seed 0]

Each input is an image set whose array, or index, is damaged or of another kind; most of the time the index has
the hash of the array that is there. What is wrong: docs/fuzzing.md.
"""

import hashlib
import io
import json
import random
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sources.contract import imagesets  # noqa: E402 - found by the line above
from tests.fuzz import bombs, damage  # noqa: E402
from tests.fuzz.fuzzing import Runner, main  # noqa: E402

_HEADERS = (
    "{'descr': '|O', 'fortran_order': False, 'shape': (6, 8, 8, 3)}", "{'descr': '|u1', 'shape': (6, 8, 8, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999, 99999999, 8, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (-6, -8, 8, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (6, 8, 8, 3, 0)}", "__import__('os').system('touch elsewhere')",
    "{'descr': '|u1', 'fortran_order': True, 'shape': (6, 8, 8, 3)}", "{'descr': [('a" + "b" * 5000 + "', 'u1')]}",
    "{'descr': [('" + "c" * 5000 + "', '|u1')], 'fortran_order': False, 'shape': (6, 8, 8, 3)}", "(" * 500,
    "{'descr': [('\\x1b[2J', '|u1')], 'fortran_order': False, 'shape': (6, 8, 8, 3)}", "{'descr': '|u1" + "0" * 5000)


def example():
    """(bytes of images.npy, dict of imageset.json) of a whole set."""
    stream = io.BytesIO()
    pixels = np.random.RandomState(0).randint(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    np.lib.format.write_array(stream, pixels, version=(1, 0))
    return stream.getvalue(), {
        "format": 1, "count": 6, "resolution": 8, "sha256": "", "value_range": "any",
        "source": {"architecture": "A", "dataset": "D", "subset": "gan", "seed": 0, "parts": {"gan": 6}},
        "made_by": {"image": None, "command": ["x"], "versions": {"python": "3"}}}


def packed(images, index):
    """{name: bytes} of the two files; the index gets the hash of the images."""
    return {"images.npy": images,
            "imageset.json": json.dumps(dict(index, sha256=hashlib.sha256(images).hexdigest())).encode()}


def inputs(seed, count):
    """Yield `count` damaged image sets, {name: bytes}, a function of the seed alone."""
    chance, (images, index) = random.Random(seed), example()
    for _ in range(count):
        kind = chance.random()
        if kind < 0.4:
            files = packed(_other_images(chance, images), index)
        else:
            files = packed(images, index)
            files["imageset.json"] = damage.damaged_json(chance, json.loads(files["imageset.json"]))
        yield files


def _other_images(chance, images):
    kind = chance.random()
    if kind < 0.5:
        return damage.damaged(chance, images[:200]) + images[200:]
    if kind < 0.9:
        header = chance.choice(_HEADERS).encode()
        size = len(header) if chance.random() < 0.8 else chance.choice((0, 7, 65535))
        return b"\x93NUMPY\x01\x00" + size.to_bytes(2, "little") + header + images[128:]
    return chance.choice((bombs.npz("says little"), b"\x80\x04N.", b"", b"\x93NUMPY\x07\x00" + bytes(200),
                          b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(200), images[:128]))


def read(path, out):
    """What every consumer of an image set does."""
    found = imagesets.read(str(path.parent))
    found.images[found.count - 1].sum()
    found.subset((1, 1)).images[1].sum()
    json.dumps([found.identity, found.source, found.resolution])


def fuzz(seed, count):
    """(accepted, refused, [(what was wrong, the input)])."""
    with Runner(read) as runner:
        runner.place(runner.folder / "any", packed(*example()))
        read(runner.folder / "any", None)  # proves that the example is valid
        return runner.feed_all(inputs(seed, count))


if __name__ == "__main__":
    main(__doc__, {"imagesets": fuzz}, "any")
