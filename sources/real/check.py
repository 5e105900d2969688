"""The self-check: the libraries are there, and read and write what the data sets are made of."""

import io
import tempfile

import lmdb
import numpy as np
import PIL
from PIL import Image

from datasets import pictures
from sources.contract import events
from sources.contract.errors import NoDevice


def check(arguments):
    """Decode a JPEG and a WebP image, open a database; say the versions. Raises NoDevice for CUDA."""
    if arguments.device == "cuda":
        raise NoDevice("--device cuda: real images are made on the CPU")
    for kind in ("JPEG", "WEBP"):
        stream = io.BytesIO()
        Image.new("RGB", (16, 16), (200, 100, 50)).save(stream, kind)
        difference = np.asarray(pictures.read(kind, stream), int) - (200, 100, 50)
        if abs(difference).max() > 8:
            raise RuntimeError(f"{kind} images are decoded wrongly, by up to {abs(difference).max()} of 255")
    with tempfile.TemporaryDirectory() as folder:
        lmdb.open(folder).close()
    events.done(versions={"numpy": np.__version__, "pillow": PIL.__version__,
                          "lmdb": ".".join(map(str, lmdb.version()))}, device="cpu")
