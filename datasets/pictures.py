"""Pictures of anybody: which files of a folder they are, and what is in them; read here and nowhere else."""

import contextlib
import math
import os
import struct
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from datasets import Unusable

Tell = Callable[[str], Any]

_EXTENSIONS = (".png", ".jpg", ".jpeg", ".jfif", ".webp")
_FORMATS = ("PNG", "JPEG", "WEBP")
_JPEG = ("JPEG", "MPO")  # MPO: with previews behind it
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "YCbCr", "CMYK")  # 8 bits a channel or fewer
_BROKEN = (OSError, SyntaxError, ValueError, RuntimeError, TypeError, EOFError, LookupError, ArithmeticError,
           AssertionError, MemoryError, struct.error, zlib.error)  # what Pillow says of damaged files
_ORIENTATION, _QUARTER_TURNS = 0x0112, (5, 6, 7, 8)  # of EXIF
_OTHERS = (  # where in a file, what is there, what it is then
    (4, b"ftypheic", "HEIC"), (4, b"ftypheix", "HEIC"), (4, b"ftypmif1", "HEIF"), (4, b"ftypavif", "AVIF"),
    (4, b"JXL ", "JPEG XL"), (0, b"\xff\x0a", "JPEG XL"), (4, b"jP  ", "JPEG 2000"), (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"), (0, b"II*\0", "TIFF"), (0, b"MM\0*", "TIFF"), (0, b"8BPS", "PSD"), (0, b"%PDF", "PDF"))
_LOOKED_AT = 12  # bytes
_MOVES = "moving pictures, of which the first frame was taken"
_TRANSPARENT = "pictures with transparency, whose colours below it were taken"


MOST_PIXELS = 90_000_000  # in memory, 270 MB of them: small files unpack to gigabytes
MOST_PIXELS_OF_A_JPEG = 4 * MOST_PIXELS  # phones make 200 million; it can be decoded at half its size
Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound, of which it warns; ours follow


def ignore(remark: str) -> None:
    """A `tell` that does not listen."""


def told(remarks: Iterable[str]) -> list[str]:
    """What a `tell` heard of many pictures, each remark once: with how many pictures it is true of."""
    return [f"{remark}: {count}" for remark, count in sorted(Counter(remarks).items())]


def inside(folder: Path) -> list[Path]:
    """The pictures in a folder, by their suffixes, in the order of their names; hidden files are none."""
    return sorted(file for file in folder.iterdir() if _is_picture(file))


def found(folder: Path) -> Sequence[Path]:
    """The pictures in `folder`, in the order of their names; or the one file that `folder` is.

    Raises Unusable if there are no pictures.
    """
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise Unusable(f"{folder}: no such file or folder")
    files = inside(folder)
    if not files:
        raise Unusable(f"{folder}: {nothing(folder)}")
    return files


def nothing(folder: Path) -> str:
    """The complaint of a folder without pictures, with the one below it that has some."""
    near = (file for depth in ("*/*", "*/*/*", "*/*/*/*") for file in sorted(folder.glob(depth)))
    below = next((file.parent for file in near if _is_picture(file)), None)
    if below:
        return f"there are no images (PNG, JPEG or WebP) in it, but there are in {below}; name that"
    others = left_out(folder)
    return "there are no images (PNG, JPEG or WebP) in it" + (f", but {others}; convert what is one" if others else "")


def left_out(folder: Path) -> str:
    """What else is there that `inside` leaves out: "2 .bmp, 1 .tif, 12 images in folders below"; "" for nothing."""
    if not folder.is_dir():
        return ""
    others = Counter(file.suffix.lower() or "without suffix" for file in folder.iterdir()
                     if file.is_file() and not file.name.startswith(".") and not _is_picture(file))
    below = sum(_is_picture(file) for file in folder.rglob("*/*"))
    counts = [*sorted(others.items()), *([("images in folders below", below)] if below else [])]
    return ", ".join(f"{count} {what}" for what, count in counts)


def size(file: Path) -> tuple[int, int]:
    """Width and height as it is looked at, of which only the header is read. Raises Unusable."""
    with _open(str(file), file) as image:
        return _upright_size(str(file), image)


def doubts(file: Path, side: int) -> dict[str, bool]:
    """Whether it is "resized" to come to `side` pixels, and whether it is "lossy", a JPEG. Raises Unusable."""
    with _open(str(file), file) as image:
        return {"resized": _upright_size(str(file), image) != (side, side), "lossy": image.format in _JPEG}


def read(name: str, source: Path | IO[bytes], tell: Tell = ignore, smallest_side: int | None = None) -> Image.Image:
    """A picture, upright, RGB.

    name: what errors call it. tell: called with what people should know of it. smallest_side: decode a JPEG at a
    half, a quarter or an eighth, as long as its shorter side keeps so many pixels; one of more than MOST_PIXELS is
    decoded at a half anyway. Raises Unusable.
    """
    with _open(name, source) as image:
        try:
            with warnings.catch_warnings(action="ignore"):  # of palettes with transparency, a line a file
                if smallest_side:
                    scale = smallest_side / min(image.size)
                    image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))
                if image.width * image.height > MOST_PIXELS:
                    image.draft("RGB", (image.width // 2, image.height // 2))
                for remark in _remarks(image):
                    tell(remark)
                ImageOps.exif_transpose(image, in_place=True)
                return image if image.mode == "RGB" else image.convert("RGB")
        except _BROKEN as error:
            raise Unusable(f"{name}: not a whole image ({_reason(error)})") from error


def pixels(file: Path, side: int, tell: Tell = ignore) -> npt.NDArray[np.uint8]:
    """The centre of the picture at `side` pixels, upright: uint8 (side, side, 3). Raises Unusable."""
    return resized(centre(read(str(file), file, tell)), side)


def centre(image: Image.Image) -> Image.Image:
    """The centre of `image`, cropped to its shorter side."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def resized(image: Image.Image, side: int) -> npt.NDArray[np.uint8]:
    """A square `image` at `side` pixels, with Lanczos antialiasing: uint8 (side, side, 3)."""
    if image.size != (side, side):
        image = image.resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _is_picture(file: Path) -> bool:
    """Whether its name is a picture's. A link that leads nowhere is one, so that it is told; a pipe is none."""
    named = file.suffix.lower() in _EXTENSIONS and not file.name.startswith(".")
    return named and (file.is_file() or not file.exists())


def _upright_size(name: str, image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    exif = Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))  # image.getexif() would read a whole PNG in search of it
    except _BROKEN as error:
        raise Unusable(f"{name}: not a whole image (EXIF: {_reason(error)})") from error
    return (height, width) if exif.get(_ORIENTATION, 1) in _QUARTER_TURNS else (width, height)


def _open(name: str, source: Path | IO[bytes]) -> ImageFile.ImageFile:
    try:
        image = Image.open(source, formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise Unusable(f"{name}: not an image that can be read ({_other(source)}neither PNG nor JPEG nor "
                       "WebP)") from error
    except _BROKEN as error:
        raise Unusable(f"{name}: not an image that can be read ({_reason(error)})") from error
    if trouble := _unfit(image):
        image.close()
        raise Unusable(f"{name}: {trouble} first")
    return image


def _unfit(image: ImageFile.ImageFile) -> str | None:
    """What is too much of a picture, of which nothing but the header was read."""
    by_lines = image.format in _JPEG and "progressive" not in image.info  # that one is decoded as a whole
    most = MOST_PIXELS_OF_A_JPEG if by_lines else MOST_PIXELS
    if image.width * image.height > most:
        return f"{image.width}x{image.height} are more than {most // 10 ** 6} million pixels; make it smaller"
    deep = image.mode if image.mode not in _MODES else next(
        (str(tile[3]) for tile in image.tile if "16" in str(tile[3])), None)
    return f"has more than 8 bits a channel ({deep}); convert it to 8 bits" if deep else None


def _other(source: Path | IO[bytes]) -> str:
    """What a picture of another kind is, with a colon behind; "" if it is none that is known."""
    with contextlib.suppress(OSError), (source.open("rb") if isinstance(source, Path) else source) as stream:
        stream.seek(0)
        start = stream.read(_LOOKED_AT)
        return next((f"{kind}: " for place, mark, kind in _OTHERS if start.startswith(mark, place)), "")
    return ""


def _remarks(image: Image.Image) -> list[str]:
    """What is lost of a picture when it is read. A JPEG's further pictures are previews of it."""
    moves = image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False)
    clear = image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] != 255
    return [*([_MOVES] if moves else []), *([_TRANSPARENT] if clear else [])]


def _reason(error: Exception) -> str:
    """What Pillow or the system says, without what it adds of paths and objects."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
