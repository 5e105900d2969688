"""Crops of photographs: disjoint splits, sizes, credits, errors."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from sources.contract import imagesets
from sources.contract.errors import BadInput
from sources.real import photos
from sources.real.settings import Settings
from tests.sources.real.real_archives import SMALL, call, encoded, photograph

COUNTS = {"resolution": 32, "gan": 40, "train": 20, "validation": 5, "test": 5}


def refusal(folder, place, config=SMALL):
    """The one line of a refused folder of photographs, of which nothing was written."""
    status, events, errors = call(folder, "photos", "--photos", place, "--out", folder / "out", config=config)
    assert (status, events, errors.count("\n")) == (2, [], 1)
    assert not (folder / "out").exists()
    return errors


@pytest.fixture
def album(tmp_path):
    """A folder with two photographs."""
    folder = tmp_path / "album"
    folder.mkdir()
    photograph(folder / "meadow.png", 480, 640, seed=1)
    photograph(folder / "harbour.jpg", 400, 400, seed=2)
    return folder


def test_no_two_splits_share_a_pixel(tmp_path):
    """Each tile has its own red and green; a crop that took one pixel of a neighbour would show it."""
    colours = np.zeros((6 * 64, 8 * 64, 3), np.uint8)
    colours[..., 0] = np.repeat(np.arange(6) * 40, 64)[:, None]
    colours[..., 1] = np.repeat(np.arange(8) * 30, 64)[None, :]
    colours[..., 2] = np.random.RandomState(0).randint(2, size=colours.shape[:2]) * 255
    (tmp_path / "album").mkdir()
    Image.fromarray(colours).save(tmp_path / "album/tiles.png")
    dataset = photos.open_dataset(tmp_path / "album", Settings(32, 300, 100, 30, 30), seed=5)
    seen = [set() for _ in range(4)]
    for key in [*dataset.gan, *dataset.attribution]:
        image = dataset.image(key)
        assert np.ptp(image[..., 0]) == np.ptp(image[..., 1]) == 0
        seen[key[0]].add(tuple(image[0, 0, :2]))
    assert sum(map(len, seen)) == len(set.union(*seen)) == 48


def test_tiles_are_dealt_in_proportion_and_each_split_gets_one():
    tiles = list(range(100))
    dealt = photos.deal(tiles, (600, 390, 9, 1), seed=0)
    assert [len(part) for part in dealt] == [59, 38, 2, 1]
    assert sorted(sum(dealt, [])) == tiles
    assert photos.deal(tiles, (600, 390, 9, 1), seed=0) == dealt
    assert photos.deal(tiles, (600, 390, 9, 1), seed=1) != dealt


def test_rows_are_train_validation_test_and_the_same_every_time(album, tmp_path):
    for name in ("once", "again"):
        assert call(tmp_path, "photos", "--photos", album, "--out", tmp_path / name, config=COUNTS)[0] == 0
    once, again = (imagesets.read(tmp_path / name / "attribution") for name in ("once", "again"))
    assert once.index["sha256"] == again.index["sha256"]
    assert once.images.shape == (30, 32, 32, 3)
    assert once.index["source"] == {"architecture": "real", "dataset": "photos", "subset": "attribution", "seed": 0,
                                    "parts": {"train": 20, "validation": 5, "test": 5}}


def test_another_seed_gives_other_crops(album, tmp_path):
    hashes = set()
    for seed in ("1", "2"):
        call(tmp_path, "photos", "--photos", album, "--out", tmp_path / seed, "--seed", seed)
        hashes.add(imagesets.read(tmp_path / seed / "gan").index["sha256"])
    assert len(hashes) == 2


def test_crops_are_sharp_down_to_the_resolution_and_never_enlarged(tmp_path):
    (tmp_path / "album").mkdir()
    photograph(tmp_path / "album/large.png", 1920, 1920)
    dataset = photos.open_dataset(tmp_path / "album", Settings(128, 50, 1, 1, 1), seed=0)
    tiles = photos._tiles([Image.open(tmp_path / "album/large.png")], 128)
    assert {tile.side for tile in tiles} == {320} and len(tiles) == 36
    assert all(dataset.image(key).shape == (128, 128, 3) for key in dataset.gan)


def test_a_large_jpeg_is_decoded_no_larger_than_its_crops_need(tmp_path):
    path = photograph(tmp_path / "large.jpg", 2400, 3200)
    assert photos._photograph(path, 32, hashlib.sha256()).size == (1600, 1200)
    assert photos._photograph(path, 128, hashlib.sha256()).size == (3200, 2400)


def test_known_photographs_are_credited_and_drawings_left_out(tmp_path):
    (tmp_path / "album").mkdir()
    photograph(tmp_path / "album/Bridge_by_Sander_Klootwijk.jpg", 400, 400)
    (tmp_path / "album/umang_by_Abhishek_Mudgal.jpg").write_bytes(b"not even read")
    call(tmp_path, "photos", "--photos", tmp_path / "album", "--out", tmp_path / "out")
    assert imagesets.read(tmp_path / "out/gan").index["source"]["credits"] == [
        "Bridge_by_Sander_Klootwijk.jpg: Sander Klootwijk, 2018, CC-BY-SA-4.0; cropped and resized; "
        "from the Debian package lomiri-wallpapers-16.04"]


def test_every_wallpaper_names_its_author_and_licence():
    known = json.loads(photos._KNOWN.read_text(encoding="utf-8"))
    assert len(known["photographs"]) == 15 and len(known["drawings"]) == 4
    assert all(entry["author"] and entry["licence"].startswith("CC") for entry in known["photographs"])


def test_a_missing_folder_is_refused(tmp_path):
    assert "nowhere: no such folder" in refusal(tmp_path, tmp_path / "nowhere")


def test_the_default_is_every_photograph_of_the_debian_packages_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "WALLPAPERS", (tmp_path / "nowhere", tmp_path))
    known = json.loads(photos._KNOWN.read_text(encoding="utf-8"))["photographs"]
    photograph(tmp_path / "a_photograph_of_mine.jpg", 160, 160)
    for number, entry in enumerate(known):
        with pytest.raises(BadInput, match="lomiri-wallpapers-16.04 and lomiri-wallpapers-20.04 are neither in"):
            photos.open_dataset(None, Settings(32, 4, 2, 1, 1), seed=0)
        photograph(tmp_path / entry["file"], 160, 160, seed=number)
    credits = photos.open_dataset(None, Settings(32, 4, 2, 1, 1), seed=0).credits
    assert [line.split(":")[0] for line in credits] == [entry["file"] for entry in known]


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album/notes.txt").write_text("no photograph")
    assert "there are no photographs" in refusal(tmp_path, tmp_path / "album")


def test_a_small_photograph_is_named(album, tmp_path):
    photograph(album / "stamp.png", 48, 160)
    assert "stamp.png: 160x48 pixels; at resolution 32 the shorter side needs 64" in refusal(tmp_path, album)


def test_a_photograph_that_cannot_be_read_is_named(album, tmp_path):
    (album / "half.jpg").write_bytes(encoded(np.zeros((400, 400, 3), np.uint8))[:700])
    assert "half.jpg: not a whole image" in refusal(tmp_path, album)


def test_too_few_regions_are_counted(tmp_path):
    (tmp_path / "album").mkdir()
    photograph(tmp_path / "album/two.png", 64, 128)
    assert "have 2 large and varied enough regions" in refusal(tmp_path, tmp_path / "album")
