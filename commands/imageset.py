"""orchestrate.py imageset: PNG folders in and out of image sets, so that anybody's images can be attributed."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import PIL

from commands import folders
from commands.interruption import interruptible
from datasets import Unusable, pictures
from orchestration.text import printable
from sources.contract import imagesets, png
from sources.contract.command import made_by

_LARGEST = 4096  # pixels of a side


@click.group()
def command() -> None:
    """Bring pictures into an image set, or take them out of one."""


@command.command("from-png")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--resolution", type=click.IntRange(4, _LARGEST), metavar="N",
              help="crop the centre of every picture and resize it to N pixels")
@click.option("--name", help="what the pictures are from (default: the name of FOLDER)")
def _from_png(folder: Path, out: Path, resolution: int | None, name: str | None) -> None:
    """Make the image set OUT from the PNG, JPEG and WebP files in FOLDER, in the order of their names.

    Without --resolution they have to be square and of one size.
    """
    with interruptible("orchestrate.py imageset from-png"):
        remarks: list[str] = []
        click.echo(f"{out}: {from_png(folder, out, resolution, name, remarks.append)} images")
        if others := pictures.left_out(folder):
            click.echo(f"left out: {printable(others)}; PNG, JPEG and WebP are read", err=True)
        for remark in pictures.told(remarks):
            click.echo(remark, err=True)


@command.command("to-png")
@click.argument("imageset", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
def _to_png(imageset: Path, out: Path) -> None:
    """Write every image of the set IMAGESET to the folder OUT: 00000000.png and so on."""
    with interruptible("orchestrate.py imageset to-png"):
        click.echo(f"{out}: {to_png(imageset, out)} images")


def from_png(folder: Path, out: Path, resolution: int | None = None, name: str | None = None,
             tell: pictures.Tell = pictures.ignore) -> int:
    """Make the image set `out` from the images in `folder` (or from one file), in the order of their names.

    Pictures are turned upright, gray ones get three channels, transparency is dropped. Without `resolution`, all have
    to be square and of one size; with it, the centre of each is cropped to its shorter side and resized with Lanczos
    antialiasing. name: what the index names as their source; the name of the folder unless given. tell: called with
    what people should know of each. Returns their number. Raises Unusable, and writes nothing, for images that are
    missing, unreadable or of other sizes; UserError if `out` exists.
    """
    folders.check_new(out)
    files, place = pictures.found(folder), folder.resolve()
    write(files, out, resolution, name or (place.stem if place.is_file() else place.name), tell)
    return len(files)


def write(files: Sequence[Path], out: Path, resolution: int | None, name: str,
          tell: pictures.Tell = pictures.ignore) -> None:
    """Make the image set `out` from picture files, with progress on a terminal; all else as from_png."""
    side = resolution or _common_side(files)
    with folders.new(out) as beside, imagesets.Writer(str(beside), len(files), side) as writer:
        with click.progressbar(files, label="pictures", file=sys.stderr, hidden=not sys.stderr.isatty()) as shown:
            for file in shown:
                writer.append(pictures.pixels(file, side, tell)[np.newaxis])
        writer.finish(
            "0 to 255 as decoded" + (f"; resized to {side}, Lanczos" if resolution else ""),
            {"architecture": name, "dataset": name, "subset": None, "seed": None},
            made_by(numpy=np.__version__, pillow=PIL.__version__))


def to_png(imageset: Path, out: Path) -> int:
    """Write every image of a set as `out`/00000000.png and so on; returns their number.

    The folder appears when all files are there. Raises UserError if it exists, BadInput if the set is not whole.
    """
    images = imagesets.read(str(imageset)).images
    with folders.new(out) as beside:
        for number, image in enumerate(images):
            (beside / f"{number:08d}.png").write_bytes(png.encode(image))
    return len(images)


def _common_side(files: Sequence[Path]) -> int:
    """The height and width of all images, of which only the headers are read."""
    width, height = pictures.size(files[0])
    if width != height or width > _LARGEST:
        trouble = "not square" if width != height else f"more than the {_LARGEST} of an image set"
        raise Unusable(f"{files[0]}: {width}x{height} pixels, {trouble}; give --resolution to crop and resize all "
                       "images")
    for file in files[1:]:
        if (found := pictures.size(file)) != (width, height):
            raise Unusable(f"{file}: {found[0]}x{found[1]} pixels, but {files[0].name} has {width}x{height}; "
                           "give --resolution to crop and resize all images")
    return width
