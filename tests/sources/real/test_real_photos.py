"""Photographs of one's own: each in one split alone, upright, and with a word for whatever is not as it should be."""

import re

import numpy as np
import pytest
from PIL import Image

from sources.contract import imagesets
from tests.sources.real.real_archives import SMALL, call, encoded, photograph


def coloured(folder, count, size=(64, 80)):
    """A folder of photographs, each of one colour: (20 * number, seed of its own)."""
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", size, (10 * number, 5, 5)).save(folder / f"{number:03d}.png")
    return folder


def written(folder, place, config=SMALL):
    """The images of both sets, uint8 (N, 32, 32, 3), and the events."""
    status, events, errors = call(folder, "photos", "--archive", place, "--out", folder / "out", config=config)
    assert (status, errors) == (0, "")
    gan, attribution = (imagesets.read(folder / "out" / name) for name in ("gan", "attribution"))
    assert gan.index["source"]["dataset"] == "own photographs"
    return gan, attribution, events


def refusal(folder, place, config=SMALL):
    """The one line of a refused folder of photographs, of which nothing was written."""
    status, events, errors = call(folder, "photos", "--archive", place, "--out", folder / "out", config=config)
    assert (status, events, errors.count("\n")) == (2, [], 1)
    assert not (folder / "out").exists()
    return errors


@pytest.mark.parametrize("count", [4, 7, 10, 14])
def test_no_photograph_is_in_two_splits(tmp_path, count):
    gan, attribution, _ = written(tmp_path, coloured(tmp_path / "album", count))
    reds = [image[0, 0, 0] // 10 for image in (*gan.images, *attribution.images)]
    splits = [set(part) for part in (reds[:4], reds[4:7], reds[7:8], reds[8:])]
    assert all(splits) and sum(map(len, splits)) == len(set.union(*splits)) == min(count, 10)
    assert gan.index["source"]["credits"][0].startswith(f"{count} own photographs, each in one split alone")


def test_enough_photographs_give_their_centres_as_from_png_reads_them(tmp_path):
    (tmp_path / "album").mkdir()
    for number in range(12):
        photograph(tmp_path / f"album/{number}.png", 64, 96, seed=number)
    gan, _, _ = written(tmp_path, tmp_path / "album")
    centres = [np.asarray(Image.open(file).crop((16, 0, 80, 64)).resize((32, 32), Image.Resampling.LANCZOS))
               for file in (tmp_path / "album").iterdir()]
    assert all(any(np.array_equal(image, centre) for centre in centres) for image in gan.images)


def test_fewer_give_several_crops_each_that_differ(tmp_path):
    (tmp_path / "album").mkdir()
    for number in range(4):
        photograph(tmp_path / f"album/{number}.jpg", 400, 600, seed=number)
    gan, attribution, events = written(tmp_path, tmp_path / "album")
    assert len({image.tobytes() for image in (*gan.images, *attribution.images)}) == 10
    assert events[0] == {"event": "log", "message": "4 photographs for 10 images: each gives several crops"}


def test_the_same_command_gives_the_same_images_and_another_seed_others(tmp_path):
    album = coloured(tmp_path / "album", 12)
    found = {}
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        call(tmp_path, "photos", "--archive", album, "--out", tmp_path / name, "--seed", seed)
        found[name] = imagesets.read(tmp_path / name / "attribution").index["sha256"]
    assert found["a"] == found["b"] != found["c"]


def test_a_photograph_taken_sideways_is_upright(tmp_path):
    upright = np.zeros((64, 64, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "album").mkdir()
    for number in range(10):
        upright[:32] = 255 - number
        Image.fromarray(np.rot90(upright)).save(tmp_path / f"album/{number}.jpg", exif=exif, quality=95)
    gan, _, _ = written(tmp_path, tmp_path / "album")
    assert gan.images[:, :12].min() > 200 and gan.images[:, 20:].max() < 50


def test_what_is_left_out_and_what_is_lost_is_told(tmp_path):
    album = coloured(tmp_path / "album", 8)
    (album / "._000.png").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X        ")
    (album / "notes.bmp").write_text("x")
    coloured(album / "older", 2)
    Image.new("RGBA", (64, 64), (1, 2, 3, 0)).save(album / "cut-out.png")
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    frames[0].save(album / "moves.webp", save_all=True, append_images=frames[1:])
    (album / "caf\udce9.png").write_bytes((album / "000.png").read_bytes())
    _, _, events = written(tmp_path, album)
    said = [event["message"] for event in events if event["event"] == "warning"]
    assert said == ["left out: 1 copies under other names, 1 .bmp, 2 images in folders below; "
                    "PNG, JPEG and WebP are read",
                    "moving pictures, of which the first frame was taken: 1",
                    "pictures with transparency, whose colours below it were taken: 1"]


@pytest.mark.parametrize(("spoil", "complaint"), [
    (lambda album: album.rename(album.with_name("albums")), r"album: is not there; did you mean .*/albums\?"),
    (lambda album: album.rename(album.with_name("albums")), r"is not there; did you mean .*/albums\?"),
    (lambda album: (album / "a.png").symlink_to("/nowhere"), "has a link that leads nowhere, a.png"),
    (lambda album: (album / "a.jpg").write_bytes(b"GIF89a"), r"a.jpg: not an image .* \(GIF: neither PNG nor JPEG"),
    (lambda album: Image.new("I;16", (80, 80)).save(album / "a.png"), "a.png: has more than 8 bits a channel"),
    (lambda album: photograph(album / "stamp.png", 48, 160), "1 photographs of 9 that are too small, stamp.png"),
])
def test_what_cannot_be_used_is_named_before_anything_is_written(tmp_path, spoil, complaint):
    album = coloured(tmp_path / "album", 8)
    spoil(album)
    line = refusal(tmp_path, album)
    assert re.search(complaint, line)


def test_a_copy_under_another_name_is_the_same_photograph(tmp_path):
    album = coloured(tmp_path / "album", 4)
    gan, attribution, _ = written(tmp_path, album)
    for number in range(6):
        (album / f"copy-{number}.png").write_bytes((album / f"{number % 4:03d}.png").read_bytes())
    again = written(tmp_path / "album", album)
    assert again[0].index["sha256"] == gan.index["sha256"]
    assert again[1].index["sha256"] == attribution.index["sha256"]


def test_photographs_of_the_resolution_are_large_enough_if_there_is_one_for_each_image(tmp_path):
    written(tmp_path, coloured(tmp_path / "enough", 10, size=(32, 40)))
    line = refusal(tmp_path / "enough", coloured(tmp_path / "fewer", 9, size=(32, 40)))
    assert "their shorter side needs 64 pixels at resolution 32, as they are fewer than the 10 images" in line


def test_a_damaged_photograph_is_named_and_no_set_is_finished(tmp_path):
    album = coloured(tmp_path / "album", 9)
    (album / "half.jpg").write_bytes(encoded(np.zeros((400, 400, 3), np.uint8))[:700])
    status, _, errors = call(tmp_path, "photos", "--archive", album, "--out", tmp_path / "out")
    assert status == 2 and "half.jpg: not a whole image" in errors and errors.count("\n") == 1
