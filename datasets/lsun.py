"""LSUN: the folder CATEGORY_train_lmdb of one category, an LMDB database with image files as records."""

import struct
import zipfile
from pathlib import Path
from typing import NamedTuple

from datasets import Asked, places

_CATEGORIES = ("bedroom", "bridge", "church_outdoor", "classroom", "conference_room", "dining_room", "kitchen",
               "living_room", "restaurant", "tower", "airplane", "bicycle", "bird", "boat", "bottle", "bus", "car",
               "cat", "chair", "cow", "dining_table", "dog", "horse", "motorbike", "person", "potted_plant", "sheep",
               "sofa", "train", "tv_monitor")
_ENDINGS = ("_train_lmdb", "_val_lmdb", "_lmdb", "_train", "_val")
_DATA = "data.mdb"
_MAGIC, _VERSIONS = 0xBEEFC0DE, (1, 999)  # 999: of databases that LMDB's development version wrote
_TREE = "IHH5Q"  # MDB_db; its last two numbers are the count of its entries and its root
_META = struct.Struct(f"<16xIIQQ{_TREE}{_TREE}QQ")  # a page's header, then MDB_meta, as 64-bit machines write it


def name(path: Path) -> str:
    """What people call it: by the name of its folder, where that is as LSUN's are."""
    stem = path.name
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return f"LSUN {stem.replace('_', ' ')}" if stem in _CATEGORIES else "LSUN"


def files(path: Path) -> list[Path]:
    """The database; lock.mdb beside it is changed by whoever reads."""
    return [path / _DATA]


def form(path: Path) -> str | None:
    """What is wrong with the folder at a glance."""
    if path.is_file():
        return _file(path)
    if not path.is_dir():
        return places.missing(path)
    if (path / _DATA).is_file():
        return _damage(path / _DATA)
    nested = next((each.parent for each in sorted(path.glob(f"*/{_DATA}"))), None)
    if nested:
        return f"has no {_DATA} in it, but {nested} has; name that"
    return (f"has no {_DATA} in it; a database of LSUN is expected, the folder that unzipping CATEGORY_train_lmdb.zip "
            "makes, and not pictures that were exported from it (for those: kind photos)")


def content(path: Path, asked: Asked) -> str | None:
    """What is wrong with the number of its records."""
    meta = _read(path / _DATA)
    return asked.of(meta.records) if meta else None


class _Meta(NamedTuple):
    """What a database says of itself. size: bytes that its file has to have."""

    transaction: int
    size: int
    records: int


def _file(path: Path) -> str:
    if zipfile.is_zipfile(path):
        return f"is a zip file; unzip it, and name the folder that it makes, such as {path.with_suffix('').name}"
    if path.name == _DATA:
        return f"is the database's file; name its folder, {path.parent}"
    return f"is a file, where the folder CATEGORY_train_lmdb with its {_DATA} is expected; name that"


def _damage(file: Path) -> str | None:
    meta, size = _read(file), file.stat().st_size
    if meta is None:
        return f"is no LMDB database ({_DATA} is something else, or cut off); unzip it again, or download it again"
    if size < meta.size:
        return f"is truncated: {_DATA} has {size} bytes of {meta.size}; unzip it again, or download it again"
    return None


def _read(file: Path) -> _Meta | None:
    """The newer of the two pages in which a database says what it is; None if it does not."""
    with file.open("rb") as stream:
        first = _meta(stream.read(_META.size), None)
        if first is None:
            return None
        page, found = first
        stream.seek(page)
        second = _meta(stream.read(_META.size), page)
    return max(found, second[1]) if second else found


def _meta(data: bytes, page: int | None) -> tuple[int, _Meta] | None:
    """(bytes of a page, what it says). page: that size, where the first one told it."""
    if len(data) < _META.size:
        return None
    magic, version, _, _, size, *rest = _META.unpack(data)
    if magic != _MAGIC or version not in _VERSIONS:
        return None
    page = page or size
    *_, records, _, last_page, transaction = rest
    return page, _Meta(transaction, (last_page + 1) * page, records)
