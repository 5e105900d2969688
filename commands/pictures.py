"""Pictures of anybody: which files of a folder they are, and what is in them."""

import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from sources.contract.errors import BadInput

_EXTENSIONS = (".png", ".jpg", ".jpeg", ".jfif", ".webp")
_FORMATS = ("PNG", "JPEG", "WEBP")
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "YCbCr", "CMYK")  # 8 bits a channel or fewer
_BROKEN = (OSError, SyntaxError, ValueError, RuntimeError, TypeError, EOFError, LookupError, ArithmeticError,
           AssertionError, MemoryError, struct.error, zlib.error)  # what Pillow says of damaged files
_ORIENTATION, _QUARTER_TURNS = 0x0112, (5, 6, 7, 8)  # of EXIF
_TOO_MANY = (Image.DecompressionBombWarning, Image.DecompressionBombError)  # pixels: small files unpack to gigabytes


def found(folder: Path) -> Sequence[Path]:
    """The pictures in `folder`, in the order of their names; or the one file that `folder` is.

    Hidden files are none. Raises BadInput if there are no pictures.
    """
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such file or folder")
    files = sorted(file for file in folder.iterdir() if _is_picture(file))
    if not files:
        nested = next((file.parent for file in sorted(folder.rglob("*")) if _is_picture(file)), None)
        raise BadInput(f"{folder}: there are no images (PNG, JPEG or WebP) in it"
                       + (f", but there are in {nested}; name that" if nested else ""))
    return files


def left_out(folder: Path) -> str:
    """Which other files `found` leaves out, by suffix: "2 .bmp, 1 .tif"; "" for none."""
    others = [file.suffix.lower() or "without suffix" for file in (folder.iterdir() if folder.is_dir() else ())
              if file.is_file() and not file.name.startswith(".") and not _is_picture(file)]
    return ", ".join(f"{count} {suffix}" for suffix, count in sorted(Counter(others).items()))


def size(file: Path) -> tuple[int, int]:
    """Width and height as it is looked at, of which only the header is read. Raises BadInput."""
    with _open(file) as image:
        width, height = image.size
        exif = Image.Exif()
        try:
            exif.load(image.info.get("exif", b""))  # image.getexif() would read a whole PNG in search of it
        except _BROKEN as error:
            raise BadInput(f"{file}: not a whole image (EXIF: {error})") from error
        return (height, width) if exif.get(_ORIENTATION, 1) in _QUARTER_TURNS else (width, height)


def doubts(file: Path, side: int) -> dict[str, bool]:
    """Whether it is "resized" to come to `side` pixels, and whether it is "lossy", a JPEG. Raises BadInput."""
    with _open(file) as image:
        return {"resized": size(file) != (side, side), "lossy": image.format == "JPEG"}


def pixels(file: Path, side: int) -> npt.NDArray[np.uint8]:
    """The centre of the picture at `side` pixels, upright: uint8 (side, side, 3). Raises BadInput."""
    with _open(file) as image:
        try:
            with warnings.catch_warnings(action="ignore"):  # of palettes with transparency, a line a file
                ImageOps.exif_transpose(image, in_place=True)
                colours = image if image.mode == "RGB" else image.convert("RGB")
        except _BROKEN as error:
            raise BadInput(f"{file}: not a whole image ({error})") from error
        if colours.size != (side, side):
            colours = _centre(colours).resize((side, side), Image.Resampling.LANCZOS)
        return np.asarray(colours)


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in _EXTENSIONS and not file.name.startswith(".")


def _open(file: Path) -> Image.Image:
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            image = Image.open(file, formats=_FORMATS)
    except _TOO_MANY as error:
        raise BadInput(f"{file}: more than {Image.MAX_IMAGE_PIXELS:,} pixels; make it smaller first") from error
    except _BROKEN as error:
        raise BadInput(f"{file}: not an image that can be read ({error})") from error
    deep = image.mode if image.mode not in _MODES else next(
        (str(tile[3]) for tile in image.tile if "16" in str(tile[3])), None)
    if deep:
        image.close()
        raise BadInput(f"{file}: has more than 8 bits a channel ({deep}); convert it to 8 bits first")
    return image


def _centre(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))
