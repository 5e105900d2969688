"""LSUN bedroom: the `bedroom_train_lmdb` directory, whose records are image files (WebP or JPEG) of any size."""

import contextlib
import hashlib

import lmdb

from sources.contract.errors import BadInput

from . import writing
from .dataset import Dataset, check_enough, decode, resized, split

RECORDS = 200_000  # the first ones in key order, of 3,033,042; published. More where the settings ask for more
_FETCH = "unzip bedroom_train_lmdb.zip, which the download script of the LSUN page fetches,"


def lsun(arguments):
    """The verb lsun."""
    writing.make(arguments, open_dataset)


def open_dataset(path, settings, seed):
    """The first records of the database in the folder `path`; the first image has been tried.

    Raises BadInput for a folder that is missing, truncated or no database, and for too few records.
    """
    environment = _open(path)
    _refuse_truncated(path, environment)
    keys = _keys(path, environment, max(RECORDS, settings.gan + settings.attribution))
    check_enough(f"--archive {path}", len(keys), settings)
    gan, attribution = split(keys, settings, seed)

    def image(key):
        name = f"{path}: record {key.decode('ascii', 'backslashreplace')}"
        with _transaction(path, environment) as transaction:
            data = transaction.get(key)
        return _room(decode(name, data), settings.resolution)

    image(keys[0])
    digest = hashlib.sha256(b"\n".join(keys) + b"\n%d" % environment.info()["last_txnid"]).hexdigest()
    return Dataset("LSUN bedroom", digest, gan, attribution, image)


def _open(path):
    if path.is_file():
        raise BadInput(f"--archive {path}: a file, where the folder bedroom_train_lmdb is expected; {_FETCH} "
                       "and name the folder")
    if not (path / "data.mdb").is_file():
        raise BadInput(f"--archive {path}: there is no data.mdb in it; {_FETCH} so that {path}/data.mdb is there")
    try:
        return lmdb.open(str(path), readonly=True, lock=False, readahead=False)
    except lmdb.Error as error:
        raise BadInput(f"--archive {path}/data.mdb: not an LMDB database ({error}); {_FETCH} again") from error


def _refuse_truncated(path, environment):
    """The library reads a memory map: to touch a page that is not there would kill the process."""
    expected = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    size = (path / "data.mdb").stat().st_size
    if size < expected:
        raise BadInput(f"--archive {path}/data.mdb: truncated, {size} bytes of {expected}; {_FETCH} again")


def _keys(path, environment, count):
    with _transaction(path, environment) as transaction:
        cursor = transaction.cursor().iternext(values=False)
        return [key for key, _ in zip(cursor, range(count), strict=False)]


@contextlib.contextmanager
def _transaction(path, environment):
    """A look into the database. Raises BadInput where it is damaged."""
    try:
        with environment.begin() as transaction:
            yield transaction
    except lmdb.Error as error:
        raise BadInput(f"--archive {path}/data.mdb: damaged ({error}); {_FETCH} again") from error


def _room(image, resolution):
    """The centre of `image`, cropped to its shorter side."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return resized(image.crop((left, top, left + side, top + side)), resolution)
