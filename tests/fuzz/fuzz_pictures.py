"""Fuzzes the readers of pictures: of those that users bring, and of those in archives of real images.

    python tests/fuzz/fuzz_pictures.py [--count 10000] [--seed 0] [READER ...]

READER: brought, archived. Each input is a PNG, JPEG or WebP file with damaged bytes, a PNG with damaged or
hostile chunks under checksums that fit, or a small file of very many pixels. What is wrong: docs/fuzzing.md.
"""

import io
import random
import struct
import sys
import warnings
import zlib
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from datasets import Unusable, pictures  # noqa: E402 - found by the line above
from tests.fuzz import damage  # noqa: E402
from tests.fuzz.fuzzing import Runner, main  # noqa: E402

_SIDE = 24
_BOMBS = ((9000, 9000), (13000, 13000), (30000, 30000), (2 ** 31 - 1, 1))


@cache
def examples():
    """Whole pictures of all kinds, as bytes."""
    pixels = np.random.RandomState(0).randint(0, 256, (_SIDE, _SIDE, 4)).astype(np.uint8)
    image, exif = Image.fromarray(pixels[:, :, :3]), Image.Exif()
    exif[0x0112] = 6  # turned
    words = PngImagePlugin.PngInfo()
    words.add_text("a", "b" * 50, zip=True)
    words.add_itxt("c", "d" * 50, zip=True)
    return [_saved(image, "PNG", exif=exif, pnginfo=words), _saved(Image.fromarray(pixels), "PNG"),
            _saved(image.quantize(16), "PNG", transparency=3), _saved(image.convert("LA"), "PNG"),
            _saved(image.convert("1"), "PNG"), _saved(image, "PNG", icc_profile=bytes(200)),
            _saved(image, "JPEG", exif=exif), _saved(image, "JPEG", progressive=True),
            _saved(image.convert("CMYK"), "JPEG"), _saved(image.convert("L"), "JPEG"),
            _saved(image, "WEBP", exif=exif), _saved(Image.fromarray(pixels), "WEBP", lossless=True)]


def _saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def inputs(seed, count):
    """Yield `count` damaged pictures, a function of the seed alone."""
    chance, whole = random.Random(seed), examples()
    for _ in range(count):
        kind = chance.random()
        if kind < 0.002:
            yield bomb(*chance.choice(_BOMBS))
        elif kind < 0.4:
            yield _with_checksums(chance, chance.choice([one for one in whole if one.startswith(b"\x89PNG")]))
        else:
            yield damage.damaged(chance, chance.choice(whole), whole)


@cache
def bomb(width, height):
    """A PNG of so many pixels, all of one colour, in a small file."""
    packer, row = zlib.compressobj(9), bytes(1 + 3 * min(width, 30000))
    packed = b"".join(packer.compress(row) for _ in range(min(height, 9000))) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


@cache
def _zeros():
    return zlib.compress(bytes(100 << 20), 9)


def _with_checksums(chance, content):
    """A PNG with a chunk that is damaged, doubled, left out or put in, under checksums that fit."""
    chunks = _chunks(content)
    place = chance.randrange(len(chunks))
    kind, data = chunks[place]
    change = chance.random()
    if change < 0.5:
        chunks[place] = kind, damage.damaged(chance, data)
    elif change < 0.6:
        del chunks[place]
    elif change < 0.7:
        chunks.insert(chance.randrange(len(chunks)), (kind, data))
    elif change < 0.72:
        text = chance.choice(((b"zTXt", b"a\0\0"), (b"iTXt", b"a\0\1\0\0\0"), (b"iCCP", b"a\0\0")))
        chunks.insert(1, (text[0], text[1] + _zeros()))
    else:
        kind = chance.choice((b"zTXt", b"iTXt", b"tEXt", b"iCCP", b"eXIf", b"tRNS", b"PLTE", b"acTL", b"fcTL", b"fdAT",
                              b"cHRM", b"gAMA", b"pHYs", b"sRGB", b"IHDR", b"abcd", b"\x1b[2J"))
        chunks.insert(chance.randrange(1, len(chunks)), (kind, chance.randbytes(chance.choice((0, 1, 4, 26, 200)))))
    return content[:8] + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunks(content):
    chunks, place = [], 8
    while place < len(content):
        size, = struct.unpack(">I", content[place:place + 4])
        chunks.append((content[place + 4:place + 8], content[place + 8:place + 8 + size]))
        place += 12 + size
    return chunks


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def brought(path, out):
    """A picture that a user brings."""
    pictures.size(path)
    pictures.pixels(path, 16)
    pictures.doubts(path, 16)


def archived(path, out):
    """A picture of an archive, and a photograph."""
    pictures.read(path.name, io.BytesIO(path.read_bytes()))
    pictures.read(path.name, io.BytesIO(path.read_bytes()), smallest_side=8)


READERS = {"brought": brought, "archived": archived}


def fuzz(name, seed, count):
    """(accepted, refused, [(what was wrong, the input)]) of one of READERS."""
    with warnings.catch_warnings(action="ignore"), Runner(READERS[name], refusal=Unusable, name="input.png") as runner:
        for content in examples():
            runner.place(runner.folder / "input.png", content)
            READERS[name](runner.folder / "input.png", None)
        return runner.feed_all(inputs(seed, count))


if __name__ == "__main__":
    main(__doc__, {name: partial(fuzz, name) for name in READERS}, "input.png")
