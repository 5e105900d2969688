"""LSUN bedroom from small databases in the real format."""

import hashlib
import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from sources.contract import imagesets
from sources.real import lsun
from sources.real.settings import Settings
from tests.sources.real.real_archives import REPOSITORY, SMALL, call, encoded, face, lsun_lmdb


def records(count, kind="WEBP", width=80, height=60):
    """{key: image file} as in the real database: keys are hashes, so file order is no order of making."""
    images = [encoded(face(number, width, height), kind) for number in range(count)]
    return {hashlib.sha1(data).hexdigest().encode(): data for data in images}


def prepared(data, resolution):
    """The image file `data` as the data set defines it."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    side = min(pixels.shape[:2])
    top, left = (pixels.shape[0] - side) // 2, (pixels.shape[1] - side) // 2
    centre = Image.fromarray(pixels[top:top + side, left:left + side])
    return np.asarray(centre.resize((resolution, resolution), Image.Resampling.LANCZOS))


def refusal(folder, archive, config=SMALL):
    """The one line of a refused database, of which nothing was written."""
    status, events, errors = call(folder, "lsun", "--archive", archive, "--out", folder / "out", config=config)
    assert (status, events, errors.count("\n")) == (2, [], 1)
    assert not (folder / "out").exists()
    return errors


@pytest.mark.parametrize("kind", ["WEBP", "JPEG"])
def test_gan_is_the_first_records_in_key_order(tmp_path, kind):
    rooms = records(11, kind)
    database = lsun_lmdb(tmp_path / "bedroom_train_lmdb", rooms)
    assert call(tmp_path, "lsun", "--archive", database, "--out", tmp_path / "out")[0] == 0
    lsun_order = [rooms[key] for key in sorted(rooms)]
    for image, data in zip(imagesets.read(tmp_path / "out/gan").images, lsun_order, strict=False):
        assert np.array_equal(image, prepared(data, 32))


def test_the_centre_is_cropped_to_the_shorter_side_and_resized_to_128(tmp_path):
    rooms = records(10, "WEBP", width=301, height=256)
    database = lsun_lmdb(tmp_path / "bedroom_train_lmdb", rooms)
    status, _, _ = call(tmp_path, "lsun", "--archive", database, "--out", tmp_path / "out",
                        config=dict(SMALL, resolution=128))
    written = imagesets.read(tmp_path / "out/gan")
    assert status == 0 and written.index["source"]["dataset"] == "LSUN bedroom"
    assert np.array_equal(written.images[0], prepared(rooms[min(rooms)], 128))


@pytest.mark.parametrize(("gan", "read"), [(5, 11), (8, 13)])
def test_the_first_records_are_the_data_set_and_all_that_are_asked_for(gan, read, tmp_path, monkeypatch):
    database, keys = lsun_lmdb(tmp_path / "bedroom_train_lmdb", records(14)), sorted(records(14))
    monkeypatch.setattr(lsun, "RECORDS", 11)
    dataset = lsun.open_dataset(database, Settings(resolution=32, gan=gan, train=2, validation=1, test=2), 0)
    assert list(dataset.gan) == keys[:gan] and set(dataset.attribution) <= set(keys[gan:read])


def test_a_database_that_says_it_has_more_than_it_has_is_damaged(tmp_path):
    database = lsun_lmdb(tmp_path / "bedroom_train_lmdb", records(6))
    with (database / "data.mdb").open("r+b") as file:
        for page in (0, 4096):  # both say how many records there are
            file.seek(page + 120)
            file.write((50).to_bytes(8, "little"))
    assert "damaged (it has 6 records, and says more)" in refusal(tmp_path, database)


def test_a_database_larger_than_the_default_map_is_read(tmp_path):
    rooms = {b"%040d" % number: data + bytes(1 << 20) for number, data in enumerate(records(14).values())}
    database = lsun_lmdb(tmp_path / "bedroom_train_lmdb", rooms)
    assert call(tmp_path, "lsun", "--archive", database, "--out", tmp_path / "out")[0] == 0


def test_a_missing_database_is_named_with_where_it_comes_from(tmp_path):
    (tmp_path / "bedroom_train_lmdb").mkdir()
    line = refusal(tmp_path, tmp_path / "bedroom_train_lmdb")
    assert "has no data.mdb in it; a database of LSUN is expected, the folder that unzipping" in line


def test_the_zip_itself_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bedroom_train_lmdb.zip", "w") as archive:
        archive.writestr("bedroom_train_lmdb/data.mdb", b"")
    assert "is a zip file; unzip it, and name the folder that it makes, such as bedroom_train_lmdb" in refusal(
        tmp_path, tmp_path / "bedroom_train_lmdb.zip")


@pytest.mark.parametrize("kept", [0, 100, 5000, 0.3, 0.9])
def test_a_truncated_database_is_refused(tmp_path, kept):
    rooms = {key: data + bytes(30000) for key, data in records(12).items()}
    data = lsun_lmdb(tmp_path / "bedroom_train_lmdb", rooms) / "data.mdb"
    size = data.stat().st_size
    data.write_bytes(data.read_bytes()[:kept if kept > 1 else int(kept * size)])
    line = refusal(tmp_path, data.parent)
    assert "is truncated: data.mdb has" in line or "is no LMDB database" in line


def test_something_else_called_data_mdb_is_refused(tmp_path):
    (tmp_path / "bedroom_train_lmdb").mkdir()
    (tmp_path / "bedroom_train_lmdb/data.mdb").write_bytes(b"<html>" * 5000)
    assert "is no LMDB database" in refusal(tmp_path, tmp_path / "bedroom_train_lmdb")


def test_another_category_is_called_by_its_name(tmp_path):
    database = lsun_lmdb(tmp_path / "church_outdoor_train_lmdb", records(10))
    call(tmp_path, "lsun", "--archive", database, "--out", tmp_path / "out")
    assert imagesets.read(tmp_path / "out/gan").index["source"]["dataset"] == "LSUN church outdoor"


def test_a_machine_that_cannot_map_the_database_is_not_taken_for_a_damaged_file(tmp_path):
    database = lsun_lmdb(tmp_path / "bedroom_train_lmdb", records(10))
    script = f"""
import resource
from pathlib import Path
from sources.real import lsun
from sources.real.settings import Settings
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + (4 << 20)  # the library maps 10 MiB or more
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
lsun.open_dataset(Path({str(database)!r}), Settings(32, 4, 3, 1, 2), 0)
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert "this machine cannot map it into memory" in ended.stderr and "damaged (" not in ended.stderr


def test_too_few_records_are_counted(tmp_path):
    database = lsun_lmdb(tmp_path / "bedroom_train_lmdb", records(9))
    assert "has 9 images, and 10 are asked for" in refusal(tmp_path, database)


def test_a_record_that_is_no_image_is_named(tmp_path):
    rooms = records(10)
    rooms[b"0" * 39 + b"1"] = b"not an image"
    line = refusal(tmp_path, lsun_lmdb(tmp_path / "bedroom_train_lmdb", rooms))
    assert f"record {'0' * 39}1: not an image that can be read (neither PNG nor JPEG nor WebP)" in line
