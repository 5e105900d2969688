"""CelebA: `img_align_celeba.zip` as users download it, 202,599 aligned faces as JPEGs of 178x218 pixels."""

import hashlib
import lzma
import re
import struct
import zipfile
import zlib

from sources.contract.errors import BadInput

from . import writing
from .dataset import Dataset, check_enough, decode, resized, split

WIDTH, HEIGHT = 178, 218
CROP = (25, 57, 153, 185)  # left, top, right, bottom: 128x128 centred at (x, y) = (89, 121); published
_MEMBER = re.compile(r"img_align_celeba/(\d{6})\.jpg")
_BROKEN = (zipfile.BadZipFile, OSError, EOFError, zlib.error, lzma.LZMAError, struct.error, ValueError, RuntimeError,
           NotImplementedError)  # what a damaged archive raises, packed one way or the other
_LARGEST = 1 << 20  # bytes of a picture; CelebA's have some 8,000
_PIECE = 1 << 12  # bytes
_FETCH = ("download img_align_celeba.zip (Align&Cropped Images) from the CelebA page of the Multimedia Laboratory, "
          "The Chinese University of Hong Kong")


def celeba(arguments):
    """The verb celeba."""
    writing.make(arguments, open_dataset)


def open_dataset(path, settings, seed):
    """The data set in the zip file at `path`, whose first image has been tried.

    Raises BadInput for a file that is missing, truncated or something else, and for missing or too few members.
    """
    _refuse_what_is_no_zip(path)
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise BadInput(f"--archive {path}: not a whole zip file ({error!s:.100}); {_FETCH} again") from error
    names = _members(path, archive)
    check_enough(f"--archive {path}", len(names), settings)
    gan, attribution = split(names, settings, seed)

    def image(name):
        return _face(f"{path}: {name}", _read(path, archive, name), settings.resolution)

    image(names[0])
    return Dataset("CelebA", _digest(archive, names), gan, attribution, image)


def _refuse_what_is_no_zip(path):
    if not path.is_file():
        raise BadInput(f"--archive {path}: no such file; {_FETCH} and put it there")
    with path.open("rb") as stream:
        start = stream.read(512).lstrip().lower()
    if start.startswith((b"<html", b"<!doctype")):
        raise BadInput(f"--archive {path}: an HTML page, which Google Drive answers with in place of the zip when "
                       f"CelebA's download quota is spent; try again in a day: {_FETCH}")


def _members(path, archive):
    """The names of the images, from 000001.jpg on without a gap."""
    names = sorted(filter(_MEMBER.fullmatch, archive.namelist()))
    if not names:
        raise BadInput(f"--archive {path}: has no member img_align_celeba/000001.jpg; {_FETCH}")
    for number, name in enumerate(names, 1):
        expected = f"img_align_celeba/{number:06d}.jpg"
        if name != expected:
            raise BadInput(f"--archive {path}: the member {expected} is missing; {_FETCH} again")
    return names


def _digest(archive, names):
    checksums = (f"{name} {archive.getinfo(name).CRC:08x}\n" for name in names)
    return hashlib.sha256("".join(checksums).encode()).hexdigest()


def _read(path, archive, name):
    """The bytes of a member, unpacked in small pieces: whatever it is packed with, it never fills the memory."""
    size = archive.getinfo(name).file_size
    if size > _LARGEST:
        raise BadInput(f"--archive {path}: the member {name} has {size} bytes, too many for a picture of CelebA; "
                       f"{_FETCH} again")
    try:
        with archive.open(name) as member:
            return b"".join(iter(lambda: member.read(_PIECE), b""))
    except _BROKEN as error:
        raise BadInput(f"--archive {path}: the member {name} cannot be read ({error!s:.100}); "
                       f"{_FETCH} again") from error


def _face(name, data, resolution):
    image = decode(name, data)
    if image.size != (WIDTH, HEIGHT):
        raise BadInput(f"{name}: {image.width}x{image.height} pixels, where the aligned images of CelebA have "
                       f"{WIDTH}x{HEIGHT}; {_FETCH}")
    return resized(image.crop(CROP), resolution)
