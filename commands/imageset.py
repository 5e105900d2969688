"""orchestrate.py imageset: PNG folders in and out of image sets, so that anybody's images can be attributed."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import PIL
from PIL import Image

from sources.contract import atomic, imagesets, png
from sources.contract.command import made_by
from sources.contract.errors import BadInput

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp")
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "YCbCr", "CMYK")  # 8 bits a channel or fewer
_Pixels = npt.NDArray[np.uint8]


@click.group()
def command() -> None:
    """Bring pictures into an image set, or take them out of one."""


@command.command("from-png")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--resolution", type=click.IntRange(min=4), metavar="N",
              help="crop the centre of every picture and resize it to N pixels")
@click.option("--name", help="what the pictures are from (default: the name of FOLDER)")
def _from_png(folder: Path, out: Path, resolution: int | None, name: str | None) -> None:
    """Make the image set OUT from the PNG, JPEG and WebP files in FOLDER, in the order of their names.

    Without --resolution they have to be square and of one size.
    """
    click.echo(f"{out}: {from_png(folder, out, resolution, name)} images")


@command.command("to-png")
@click.argument("imageset", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def _to_png(imageset: Path, out: Path) -> None:
    """Write every image of the set IMAGESET to the folder OUT: 00000000.png and so on."""
    click.echo(f"{out}: {to_png(imageset, out)} images")


def from_png(folder: Path, out: Path, resolution: int | None = None, name: str | None = None) -> int:
    """Make the image set `out` from the images in `folder` (or from one file), in the order of their names.

    Gray images get three channels; transparency is dropped. Without `resolution`, all images have to be square and of
    one size; with it, the centre of each is cropped to its shorter side and resized with Lanczos antialiasing.
    name: what the index names as their source; the name of the folder unless given. Returns the number of images.
    Raises BadInput, and writes nothing, for images that are missing, unreadable or of other sizes, or if `out` exists.
    """
    _refuse_existing(out)
    files = pictures(folder)
    side = resolution or _common_side(files)
    name = name or folder.resolve().stem
    with atomic.new_folder(str(out)) as partial, imagesets.Writer(partial, len(files), side) as writer:
        for file in files:
            writer.append(_pixels(file, side)[np.newaxis])
        writer.finish(
            "0 to 255 as decoded" + (f"; resized to {side}, Lanczos" if resolution else ""),
            {"architecture": name, "dataset": name, "subset": None, "seed": None},
            made_by(numpy=np.__version__, pillow=PIL.__version__))
    return len(files)


def to_png(imageset: Path, out: Path) -> int:
    """Write every image of a set as `out`/00000000.png and so on; returns their number.

    The folder appears when all files are there. Raises BadInput if it exists, or if the set is not whole.
    """
    images = imagesets.read(str(imageset)).images
    _refuse_existing(out)
    with atomic.new_folder(str(out)) as folder:
        for number, image in enumerate(images):
            Path(folder, f"{number:08d}.png").write_bytes(png.encode(image))
    return len(images)


def _refuse_existing(out: Path) -> None:
    if out.exists():
        raise BadInput(f"{out}: exists already; choose another folder")


def pictures(folder: Path) -> Sequence[Path]:
    """The images in `folder`, in the order of their names; or the one file that `folder` is. Raises BadInput."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such file or folder")
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in EXTENSIONS)
    if not files:
        raise BadInput(f"{folder}: there are no images (PNG, JPEG or WebP) in it")
    return files


def _common_side(files: Sequence[Path]) -> int:
    """The height and width of all images, of which only the headers are read."""
    sizes = _sizes(files)
    first, (width, height) = next(sizes)
    if width != height:
        raise BadInput(f"{first}: {width}x{height} pixels, not square; give --resolution to crop and resize all images")
    for file, size in sizes:
        if size != (width, height):
            raise BadInput(f"{file}: {size[0]}x{size[1]} pixels, but {first.name} has {width}x{height}; "
                           "give --resolution to crop and resize all images")
    return width


def _sizes(files: Sequence[Path]) -> Iterator[tuple[Path, tuple[int, int]]]:
    for file in files:
        with _open(file) as image:
            yield file, image.size


def _open(file: Path) -> Image.Image:
    try:
        image = Image.open(file)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput(f"{file}: not an image that can be read ({error})") from error
    if image.mode not in _MODES:
        image.close()
        raise BadInput(f"{file}: has more than 8 bits a channel ({image.mode}); convert it to 8 bits first")
    return image


def _pixels(file: Path, side: int) -> _Pixels:
    """The image at `side` pixels: uint8 (side, side, 3)."""
    with _open(file) as image:
        try:
            colours = image.convert("RGB")
        except (OSError, SyntaxError, ValueError) as error:
            raise BadInput(f"{file}: not a whole image ({error})") from error
    if colours.size != (side, side):
        colours = _centre(colours).resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(colours)


def _centre(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))
