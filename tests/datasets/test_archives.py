"""CelebA's zip and LSUN's database, as people have them: what is known to be wrong before anything is read."""

from __future__ import annotations

import os
import re
import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path

import lmdb
import pytest

from datasets import Asked, Unusable, celeba, kinds, lsun, photos

ASKED = Asked(resolution=32, gan=4, train=3, validation=1, test=2)


def packed(path: Path, names: Iterable[str], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def numbered(pattern: str, count: int = 10) -> list[str]:
    return [pattern.format(number) for number in range(1, count + 1)]


@pytest.mark.parametrize("pattern", [
    "img_align_celeba/{:06d}.jpg", "img_align_celeba/img_align_celeba/{:06d}.jpg", "{:06d}.jpg", "Faces/{:06d}.JPG",
    "img_align_celeba\\{:06d}.jpg"])
def test_faces_may_lie_in_any_one_folder(tmp_path: Path, pattern: str) -> None:
    beside = ["__MACOSX/img_align_celeba/._000001.jpg", "__MACOSX/000001.jpg", "list_attr_celeba.csv", "000001.png"]
    archive = packed(tmp_path / "faces.zip", [*numbered(pattern)[::-1], *beside])
    assert celeba.form(archive) is None and celeba.content(archive, ASKED) is None
    assert celeba.faces(zipfile.ZipFile(archive)) == numbered(pattern)


def test_of_several_folders_the_one_of_the_aligned_faces_is_meant(tmp_path: Path) -> None:
    wild = numbered("img_celeba/{:06d}.jpg")
    both = packed(tmp_path / "both.zip", [*wild, *numbered("x/img_align_celeba/{:06d}.jpg")])
    assert celeba.faces(zipfile.ZipFile(both))[0] == "x/img_align_celeba/000001.jpg"
    other = packed(tmp_path / "other.zip", [*wild, *numbered("more/{:06d}.jpg")])
    with pytest.raises(Unusable, match=r"several folders \(img_celeba, more\)"):
        celeba.faces(zipfile.ZipFile(other))


def test_whatever_the_names_in_a_zip_a_complaint_is_a_line(tmp_path: Path) -> None:
    names = [*("\x1b[2J/000001.jpg", "x" * 9999 + "/000001.jpg"), *(f"{number}/000001.jpg" for number in range(9))]
    with pytest.raises(Unusable, match=r"several folders \(0, 1, 2, \.\.\.\)"):
        celeba.faces(zipfile.ZipFile(packed(tmp_path / "odd.zip", names)))


@pytest.mark.parametrize(("names", "complaint"), [
    (["cats/1.jpg"], "has no member img_align_celeba/000001.jpg, nor any 000001.jpg; download"),
    (numbered("a/{:06d}.jpg")[1:], "the member a/000001.jpg is missing; download"),
    (numbered("{:06d}.jpg", 9), "has 9 images, and 10 are asked for"),
])
def test_what_is_not_in_a_zip_is_told(tmp_path: Path, names: list[str], complaint: str) -> None:
    assert complaint in str(celeba.content(packed(tmp_path / "faces.zip", names), ASKED))


def changed(path: Path, flags: int = 0, method: int = 0) -> Path:
    """The same zip, whose members say to be encrypted, or packed by another method."""
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(mark, bytes(data)):
            struct.pack_into("<HH", data, found.start() + place, flags, method)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("change", "said"), [
    ({"method": 9}, "is packed with deflate64, which is not read here; unpack it"),
    ({"method": 97}, "is packed with method 97, which"),
    ({"flags": 1}, "is protected by a password; unpack it"), ({"flags": 1, "method": 99}, "by a password")])
def test_a_zip_of_which_only_names_can_be_read_is_told_before_anything_runs(
    tmp_path: Path, change: dict[str, int], said: str
) -> None:
    archive = changed(packed(tmp_path / "faces.zip", numbered("{:06d}.jpg")), **change)
    assert said in str(celeba.content(archive, ASKED))


@pytest.mark.parametrize(("name", "said"), [
    ("faces.z01", "join them (zip -s 0 faces.zip --out"), ("faces.zip.001", "join them (cat faces.zip.* >")])
def test_a_part_of_a_zip_is_told_by_its_name(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04" + bytes(1000))
    assert said in str(celeba.form(tmp_path / name))


def test_the_last_part_of_a_zip_is_told_by_what_it_says(tmp_path: Path) -> None:
    data = bytearray(packed(tmp_path / "faces.zip", numbered("{:06d}.jpg")).read_bytes())
    struct.pack_into("<HH", data, len(data) - 18, 3, 3)
    (tmp_path / "faces.zip").write_bytes(data)
    assert "is the last part of several; join them (zip -s 0 faces.zip" in str(celeba.form(tmp_path / "faces.zip"))


@pytest.mark.parametrize("kind", [celeba, lsun, photos])
def test_what_is_no_file_and_no_folder_is_not_waited_for(tmp_path: Path, kind: kinds.Kind) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    assert kind.form(tmp_path / "pipe") == kind.form(Path("/dev/zero")) == "is neither a file nor a folder"
    assert str(kind.form(tmp_path / "loop")).startswith("is a link that leads nowhere")


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_folder_of_any_name_is_no_zip(name: str) -> None:
    assert str(celeba.form(Path(name))).startswith("is a folder, where img_align_celeba.zip is expected")


def test_a_folder_in_place_of_the_zip_is_told_with_what_was_meant(tmp_path: Path) -> None:
    folder = tmp_path / "img_align_celeba"
    folder.mkdir()
    assert "is a folder, where img_align_celeba.zip is expected as it was downloaded" in str(celeba.form(folder))
    packed(tmp_path / "img_align_celeba.zip", ["a"])
    assert str(celeba.form(folder)).endswith(f"did you mean {folder}.zip?")


@pytest.mark.parametrize("said", ["img_align_celeba", "img_align_celeba.zipp", "img_align_celebA.zip"])
def test_another_name_is_suggested(tmp_path: Path, said: str) -> None:
    packed(tmp_path / "img_align_celeba.zip", ["a"])
    assert celeba.form(tmp_path / said) == f"is not there; did you mean {tmp_path}/img_align_celeba.zip?"


def test_a_download_that_has_not_ended_is_told(tmp_path: Path) -> None:
    (tmp_path / "img_align_celeba.zip.crdownload").touch()
    assert "its download has not ended (img_align_celeba.zip.crdownload is what there is of it)" in str(
        celeba.form(tmp_path / "img_align_celeba.zip"))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Twelve records."""
    folder = tmp_path / "bedroom_train_lmdb"
    with lmdb.open(str(folder), map_size=1 << 24) as environment, environment.begin(write=True) as transaction:
        for number in range(12):
            transaction.put(b"%08x" % number, bytes(5000))
    return folder


def test_a_database_says_how_much_it_holds(database: Path) -> None:
    assert lsun.form(database) is None and lsun.content(database, ASKED) is None
    assert "has 12 images, and 16 are asked for" in str(lsun.content(database, ASKED._replace(gan=10)))
    assert lsun.files(database) == [database / "data.mdb"]


def test_a_truncated_database_is_told(database: Path) -> None:
    data = (database / "data.mdb").read_bytes()
    (database / "data.mdb").write_bytes(data[:-1])
    assert lsun.form(database) == (f"is truncated: data.mdb has {len(data) - 1} bytes of {len(data)}; "
                                   "unzip it again, or download it again")


@pytest.mark.parametrize("data", [b"", b"<html>" * 100, bytes(20000), bytes(16) + struct.pack("<II", 0xBEEFC0DE, 7)])
def test_what_is_no_database_is_told(database: Path, data: bytes) -> None:
    (database / "data.mdb").write_bytes(data)
    assert "is no LMDB database" in str(lsun.form(database))


def test_what_is_not_the_folder_is_told_with_what_was_meant(database: Path, tmp_path: Path) -> None:
    zipped = packed(tmp_path / "church_outdoor_train_lmdb.zip", ["church_outdoor_train_lmdb/data.mdb"])
    exported = tmp_path / "exported"
    exported.mkdir()
    (exported / "a.webp").touch()
    assert "is a zip file; unzip it, and name the folder that it makes, such as church_outdoor_train_lmdb" in str(
        lsun.form(zipped))
    assert f"is the database's file; name its folder, {database}" in str(lsun.form(database / "data.mdb"))
    assert f"but {database} has; name that" in str(lsun.form(tmp_path))
    assert "not pictures that were exported" in str(lsun.form(exported))
    assert lsun.form(tmp_path / "bedroom_train") == f"is not there; did you mean {database}?"


@pytest.mark.parametrize(("folder", "name"), [
    ("bedroom_train_lmdb", "LSUN bedroom"), ("church_outdoor_val_lmdb", "LSUN church outdoor"), ("cat", "LSUN cat"),
    ("bedroom", "LSUN bedroom"), ("my_data", "LSUN")])
def test_a_category_is_called_by_its_name(folder: str, name: str) -> None:
    assert lsun.name(Path("/data") / folder) == name
