"""CelebA: `img_align_celeba.zip` as users download it, 202,599 aligned faces as JPEGs of 178x218 pixels."""

import hashlib
import io
import zipfile

from datasets import Unusable, pictures
from datasets import celeba as known

from . import writing
from .dataset import Dataset, require_usable, split

WIDTH, HEIGHT = 178, 218
CROP = (25, 57, 153, 185)  # left, top, right, bottom: 128x128 centred at (x, y) = (89, 121); published
_LARGEST = 1 << 20  # bytes of a picture; CelebA's have some 8,000
_PIECE = 1 << 12  # bytes


def celeba(arguments):
    """The verb celeba."""
    writing.make(arguments, open_dataset)


def open_dataset(path, settings, seed):
    """The data set in the zip file at `path`, whose first image has been tried.

    Raises Unusable for a file that is missing, truncated or something else, and for missing or too few members.
    """
    require_usable(known, path, settings)
    archive = zipfile.ZipFile(path)
    names = known.faces(archive)
    gan, attribution = split(names, settings, seed)

    def image(name):
        return _face(f"{path}: {name}", _read(path, archive, name), settings.resolution)

    image(names[0])
    return Dataset(known.name(path), _digest(archive, names), gan, attribution, image)


def _digest(archive, names):
    """The hash of the faces, whatever they are called and however they are packed."""
    checksums = (f"{number:06d} {archive.getinfo(name).CRC:08x}\n" for number, name in enumerate(names, 1))
    return hashlib.sha256("".join(checksums).encode()).hexdigest()


def _read(path, archive, name):
    """The bytes of a member, unpacked in small pieces: whatever it is packed with, it never fills the memory."""
    size = archive.getinfo(name).file_size
    if size > _LARGEST:
        raise Unusable(f"--archive {path}: the member {name} has {size} bytes, too many for a picture of CelebA; "
                       f"{known.FETCH} again")
    try:
        with archive.open(name) as member:
            return b"".join(iter(lambda: member.read(_PIECE), b""))
    except known.BROKEN as error:
        raise Unusable(f"--archive {path}: the member {name} cannot be read ({error!s:.100}); "
                       f"{known.FETCH} again") from error


def _face(name, data, resolution):
    image = pictures.read(name, io.BytesIO(data))
    if image.size != (WIDTH, HEIGHT):
        raise Unusable(f"{name}: {image.width}x{image.height} pixels, where the aligned images of CelebA have "
                       f"{WIDTH}x{HEIGHT}; {known.FETCH}")
    return pictures.resized(image.crop(CROP), resolution)
