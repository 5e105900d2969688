"""Fuzzes the readers of archives of real images: CelebA's zip and LSUN's database.

    python tests/fuzz/fuzz_archives.py [--count 10000] [--seed 0] [READER ...]

READER: celeba, lsun. Each input is an archive with damaged bytes, most of them where it says what is where; or a
zip whose members unpack to very much. What is wrong: docs/fuzzing.md. LMDB itself is not made for damaged
files: lsun runs in a child, and one that a signal ends (as the stage would be) counts as refused.
"""

import functools
import io
import os
import random
import signal
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path

import lmdb
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from datasets import Unusable  # noqa: E402 - found by the line above
from sources.real import celeba, lsun  # noqa: E402
from sources.real.settings import Settings  # noqa: E402
from tests.fuzz import bombs, damage  # noqa: E402
from tests.fuzz.fuzzing import Runner, main  # noqa: E402

_SETTINGS = Settings(resolution=32, gan=2, train=1, validation=1, test=1)
_SECONDS = 15
_CRASHES = (signal.SIGBUS, signal.SIGSEGV, signal.SIGABRT)


def _picture(number, kind, size):
    stream = io.BytesIO()
    pixels = np.random.RandomState(number).randint(0, 256, (*size, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(stream, kind, quality=20)
    return stream.getvalue()


@functools.cache
def zips():
    """Whole archives of five faces, packed in all ways."""
    made = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            for number in range(1, 6):
                info = zipfile.ZipInfo(f"img_align_celeba/{number:06d}.jpg")
                info.compress_type = method
                archive.writestr(info, _picture(number, "JPEG", (218, 178)))
        made.append(stream.getvalue())
    return made


@functools.cache
def database():
    """The bytes of a database of five pictures, one of them too large for a page."""
    with tempfile.TemporaryDirectory() as folder:
        with lmdb.open(folder, map_size=1 << 24) as environment, environment.begin(write=True) as transaction:
            for number in range(5):
                side = 200 if number == 4 else 16
                transaction.put(b"%040x" % number, _picture(number, "WEBP", (side, side)))
        return Path(folder, "data.mdb").read_bytes()


@functools.cache
def zip_bomb(method):
    """A zip whose first member says that it has few bytes, or how many it has."""
    packed = bombs.zeros(method)
    return bombs.zip_of([(f"img_align_celeba/{number:06d}.jpg", method, packed, 8000 if number else 1 << 28)
                         for number in range(1, 6)])


def zip_inputs(seed, count):
    """Yield `count` damaged zips, a function of the seed alone."""
    chance, whole = random.Random(seed), zips()
    for _ in range(count):
        content = chance.choice(whole)
        if chance.random() < 0.02:
            yield zip_bomb(chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
        elif chance.random() < 0.6:
            directory = content.index(b"PK\x01\x02")
            yield content[:directory] + damage.damaged(chance, content[directory:])
        else:
            yield damage.damaged(chance, content, whole)


def database_inputs(seed, count):
    """Yield `count` damaged databases, {name: bytes}, a function of the seed and of LMDB alone."""
    chance, whole = random.Random(seed), database()
    for _ in range(count):
        place = chance.choice((0, 0, 4096, *range(8192, len(whole), 4096)))
        page = damage.damaged(chance, whole[place:place + 200])[:200]
        yield {"data.mdb": whole[:place] + page + whole[place + len(page):] if chance.random() < 0.9
               else damage.damaged(chance, whole)}


def read_zip(path, out):
    """All images that a study would ask for."""
    _images(celeba.open_dataset(path, _SETTINGS, 0))


def read_database(path, out):
    """The same of a database, in a child of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _child(path.parent, writing)
    os.close(writing)
    with os.fdopen(reading) as told:
        said = told.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        if os.WTERMSIG(status) in _CRASHES:
            raise Unusable("crashed")
        raise RuntimeError(f"ended by signal {os.WTERMSIG(status)}")
    if said.startswith("refused"):
        raise Unusable(said)
    if said != "accepted":
        raise RuntimeError(said)


def _child(folder, writing):
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    try:
        _images(lsun.open_dataset(folder, _SETTINGS, 0))
        said = "accepted"
    except Unusable as error:
        said = f"refused {error}"
    except BaseException as error:  # noqa: BLE001 - whatever escapes a reader is what is looked for
        said = f"{type(error).__name__}: {error}"
    os.write(writing, said.encode("utf-8", "replace")[:4000])
    os._exit(0)


def _images(dataset):
    for key in (*dataset.gan, *dataset.attribution):
        dataset.image(key)


READERS = {"celeba": (read_zip, zip_inputs, "input.zip"), "lsun": (read_database, database_inputs, "data.mdb")}


def fuzz(name, seed, count):
    """(accepted, refused, [(what was wrong, the input)]) of one of READERS."""
    read, inputs, file = READERS[name]
    Image.init()  # or Pillow would import what it knows of other formats when it sees none that it expects
    with (warnings.catch_warnings(action="ignore"),
          Runner(read, refusal=Unusable, name=file, allowed=("os.fork",)) as runner):
        for content in zips() if name == "celeba" else [database()]:
            runner.place(runner.folder / file, content)
            read(runner.folder / file, None)
        return runner.feed_all(inputs(seed, count))


if __name__ == "__main__":
    main(__doc__, {name: functools.partial(fuzz, name) for name in READERS}, "input.zip")
