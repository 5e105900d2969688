"""LSUN: the `CATEGORY_train_lmdb` directory, whose records are image files (WebP or JPEG) of any size."""

import contextlib
import hashlib
import io

import lmdb

from datasets import Unusable, pictures
from datasets import lsun as known

from . import writing
from .dataset import Dataset, require_usable, split

RECORDS = 200_000  # the first ones in key order, of 3,033,042 bedrooms; published. More where the settings ask for more
_AGAIN = "unzip it again, or download it again"
_DAMAGE = (lmdb.InvalidError, lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.VersionMismatchError)


def lsun(arguments):
    """The verb lsun."""
    writing.make(arguments, open_dataset)


def open_dataset(path, settings, seed):
    """The first records of the database in the folder `path`; the first image has been tried.

    Raises Unusable for a folder that is missing, truncated or no database, and for too few records.
    """
    require_usable(known, path, settings)
    with _blamed(path):
        environment = lmdb.open(str(path), readonly=True, lock=False, readahead=False)
    keys = _keys(path, environment, max(RECORDS, settings.gan + settings.attribution))
    if len(keys) < settings.gan + settings.attribution:
        raise Unusable(f"--archive {path}/data.mdb: damaged (it has {len(keys)} records, and says more); {_AGAIN}")
    gan, attribution = split(keys, settings, seed)

    def image(key):
        name = f"{path}: record {key.decode('ascii', 'backslashreplace')}"
        with _transaction(path, environment) as transaction:
            data = transaction.get(key)
        return pictures.resized(pictures.centre(pictures.read(name, io.BytesIO(data))), settings.resolution)

    image(keys[0])
    digest = hashlib.sha256(b"\n".join(keys) + b"\n%d" % environment.info()["last_txnid"]).hexdigest()
    return Dataset(known.name(path), digest, gan, attribution, image)


def _keys(path, environment, count):
    with _transaction(path, environment) as transaction:
        cursor = transaction.cursor().iternext(values=False)
        return [key for key, _ in zip(cursor, range(count), strict=False)]


@contextlib.contextmanager
def _transaction(path, environment):
    """A look into the database. Raises Unusable where it is damaged."""
    with _blamed(path), environment.begin() as transaction:
        yield transaction


@contextlib.contextmanager
def _blamed(path):
    """Raise Unusable for what the library says: of the file, where it is that, or of this machine."""
    try:
        yield
    except _DAMAGE as error:
        raise Unusable(f"--archive {path}/data.mdb: damaged ({error}); {_AGAIN}") from error
    except lmdb.Error as error:
        raise Unusable(f"--archive {path}/data.mdb: this machine cannot map it into memory ({error}); "
                       "raise `ulimit -v`, or copy it to a file system that can") from error
