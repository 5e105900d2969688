"""Crops of the wallpapers: disjoint splits, sizes, credits, errors."""

import json

import numpy as np
import pytest
from PIL import Image

from datasets import Unusable
from sources.real import wallpapers
from sources.real.settings import Settings
from tests.sources.real.real_archives import encoded, photograph

COUNTS = Settings(resolution=32, gan=40, train=20, validation=5, test=5)


@pytest.fixture
def album(tmp_path):
    """Two photographs."""
    return [photograph(tmp_path / "meadow.png", 480, 640, seed=1),
            photograph(tmp_path / "harbour.jpg", 400, 400, seed=2)]


def images(paths, seed):
    """All crops, uint8 (70, 32, 32, 3)."""
    dataset = wallpapers.crops(paths, COUNTS, seed)
    return np.stack([dataset.image(key) for key in [*dataset.gan, *dataset.attribution]])


def test_no_two_splits_share_a_pixel(tmp_path):
    """Each tile has its own red and green; a crop that took one pixel of a neighbour would show it."""
    colours = np.zeros((6 * 64, 8 * 64, 3), np.uint8)
    colours[..., 0] = np.repeat(np.arange(6) * 40, 64)[:, None]
    colours[..., 1] = np.repeat(np.arange(8) * 30, 64)[None, :]
    colours[..., 2] = np.random.RandomState(0).randint(2, size=colours.shape[:2]) * 255
    Image.fromarray(colours).save(tmp_path / "tiles.png")
    dataset = wallpapers.crops([tmp_path / "tiles.png"], Settings(32, 300, 100, 30, 30), seed=5)
    seen = [set() for _ in range(4)]
    for key in [*dataset.gan, *dataset.attribution]:
        image = dataset.image(key)
        assert np.ptp(image[..., 0]) == np.ptp(image[..., 1]) == 0
        seen[key[0]].add(tuple(image[0, 0, :2]))
    assert sum(map(len, seen)) == len(set.union(*seen)) == 48


def test_tiles_are_dealt_in_proportion_and_each_split_gets_one():
    tiles = list(range(100))
    dealt = wallpapers.deal(tiles, (600, 390, 9, 1), seed=0)
    assert [len(part) for part in dealt] == [59, 38, 2, 1]
    assert sorted(sum(dealt, [])) == tiles
    assert wallpapers.deal(tiles, (600, 390, 9, 1), seed=0) == dealt
    assert wallpapers.deal(tiles, (600, 390, 9, 1), seed=1) != dealt


def test_crops_are_the_same_every_time_and_others_for_another_seed(album):
    assert np.array_equal(images(album, seed=1), images(album, seed=1))
    assert not np.array_equal(images(album, seed=1), images(album, seed=2))


def test_crops_are_sharp_down_to_the_resolution_and_never_enlarged(tmp_path):
    photograph(tmp_path / "large.png", 1920, 1920)
    dataset = wallpapers.crops([tmp_path / "large.png"], Settings(128, 50, 1, 1, 1), seed=0)
    tiles = wallpapers._tiles([Image.open(tmp_path / "large.png")], 128)
    assert {tile.side for tile in tiles} == {320} and len(tiles) == 36
    assert all(dataset.image(key).shape == (128, 128, 3) for key in dataset.gan)


def test_a_large_jpeg_is_decoded_no_larger_than_its_crops_need(tmp_path):
    path = photograph(tmp_path / "large.jpg", 2400, 3200)
    assert wallpapers._photograph(path, 32).size == (1600, 1200)
    assert wallpapers._photograph(path, 128).size == (3200, 2400)


def test_every_wallpaper_names_its_author_and_licence():
    known = json.loads(wallpapers._KNOWN.read_text(encoding="utf-8"))
    assert len(known) == 15
    assert all(entry["author"] and entry["licence"].startswith("CC") for entry in known)


def test_they_are_every_photograph_of_the_debian_packages_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(wallpapers, "WALLPAPERS", (tmp_path / "nowhere", tmp_path))
    known = json.loads(wallpapers._KNOWN.read_text(encoding="utf-8"))
    photograph(tmp_path / "a_photograph_of_mine.jpg", 160, 160)
    for number, entry in enumerate(known):
        with pytest.raises(Unusable, match="lomiri-wallpapers-16.04 and lomiri-wallpapers-20.04 are neither in"):
            wallpapers.open_dataset(Settings(32, 4, 2, 1, 1), seed=0)
        photograph(tmp_path / entry["file"], 160, 160, seed=number)
    credits = wallpapers.open_dataset(Settings(32, 4, 2, 1, 1), seed=0).credits
    assert [line.split(":")[0] for line in credits] == [entry["file"] for entry in known]
    assert credits[0] == ("Bridge_by_Sander_Klootwijk.jpg: Sander Klootwijk, 2018, CC-BY-SA-4.0; cropped and resized; "
                          "from the Debian package lomiri-wallpapers-16.04")


def test_a_small_one_is_named(album, tmp_path):
    small = photograph(tmp_path / "stamp.png", 48, 160)
    with pytest.raises(Unusable, match="stamp.png: 160x48 pixels; at resolution 32 the shorter side needs 64"):
        wallpapers.crops([*album, small], COUNTS, seed=0)


def test_one_that_cannot_be_read_is_named(album, tmp_path):
    (tmp_path / "half.jpg").write_bytes(encoded(np.zeros((400, 400, 3), np.uint8))[:700])
    with pytest.raises(Unusable, match="half.jpg: not a whole image"):
        wallpapers.crops([*album, tmp_path / "half.jpg"], COUNTS, seed=0)


def test_too_few_regions_are_counted(tmp_path):
    with pytest.raises(Unusable, match="have 2 large and varied enough regions"):
        wallpapers.crops([photograph(tmp_path / "two.png", 64, 128)], COUNTS, seed=0)
