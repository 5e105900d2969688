"""Small archives in exactly the format of the real ones, and a way to call `python -m sources.real`."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import lmdb
import numpy as np
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[3]
SMALL = {"resolution": 32, "gan": 4, "train": 3, "validation": 1, "test": 2}


def call(folder, verb, *arguments, config=SMALL):
    """Run a verb; returns (exit status, events, text on standard error)."""
    (folder / "config.json").write_text(json.dumps(config))
    ended = subprocess.run([sys.executable, "-m", "sources.real", verb, "--config", folder / "config.json", *arguments],
                           cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def encoded(pixels, kind="JPEG", **options):
    """The bytes of an image file that shows `pixels`, uint8 (H, W, 3)."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def face(number, width=178, height=218):
    """Smooth pixels, so that JPEG hardly changes them, of a colour that tells `number`."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 255 // height, columns * 255 // width, np.full_like(rows, 20 * number)], 2).astype(np.uint8)


def celeba_zip(path, count, change=lambda members: None):
    """Write an archive of `count` faces; `change` may alter the dict {member name: bytes} first."""
    members = {f"img_align_celeba/{number:06d}.jpg": encoded(face(number), quality=95)
               for number in range(1, count + 1)}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("img_align_celeba/", b"")
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def lsun_lmdb(path, records):
    """Write a database of {key: bytes}."""
    with lmdb.open(str(path), map_size=1 << 30) as environment, environment.begin(write=True) as transaction:
        for key, value in records.items():
            transaction.put(key, value)
    return path


def photograph(path, height, width, seed=0, size=16):
    """Write a photograph of random blocks of `size` pixels."""
    blocks = np.random.RandomState(seed).randint(256, size=(height // size, width // size, 3), dtype=np.uint8)
    Image.fromarray(blocks.repeat(size, 0).repeat(size, 1)).save(path)
    return path
