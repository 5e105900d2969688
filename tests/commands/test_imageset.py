"""Image sets from folders of images, and back."""

import json
import os
import pty
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands.imageset import from_png, to_png
from datasets import Unusable, pictures
from orchestration.errors import UserError
from sources.contract import imagesets
from sources.contract.errors import BadInput

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def pixels():
    """Seven images, uint8 (7, 16, 16, 3)."""
    return np.random.RandomState(0).randint(256, size=(7, 16, 16, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path, pixels):
    """A folder with the seven images as PNG files, whose names sort as they are counted."""
    (tmp_path / "fakes").mkdir()
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"fakes/{number:03d}.png")
    return tmp_path / "fakes"


def test_there_and_back_is_exact(folder, tmp_path, pixels):
    assert from_png(folder, tmp_path / "set") == 7
    assert np.array_equal(imagesets.read(str(tmp_path / "set")).images, pixels)
    assert to_png(tmp_path / "set", tmp_path / "png") == 7
    assert sorted(file.name for file in (tmp_path / "png").iterdir())[::6] == ["00000000.png", "00000006.png"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "png/00000003.png")), pixels[3])
    from_png(tmp_path / "png", tmp_path / "again")
    assert imagesets.read(str(tmp_path / "again")).index["sha256"] == imagesets.read(
        str(tmp_path / "set")).index["sha256"]


def test_the_command_line_makes_and_unmakes_a_set(folder, tmp_path, pixels):
    made = subprocess.run([sys.executable, "orchestrate.py", "imageset", "from-png", folder, tmp_path / "set",
                           "--resolution", "8", "--name", "Mine"], cwd=REPOSITORY, capture_output=True, text=True)
    back = subprocess.run([sys.executable, "orchestrate.py", "imageset", "to-png", tmp_path / "set", tmp_path / "png"],
                          cwd=REPOSITORY, capture_output=True, text=True)
    again = subprocess.run(back.args, cwd=REPOSITORY, capture_output=True, text=True)
    assert (made.returncode, made.stdout) == (0, f"{tmp_path}/set: 7 images\n")
    assert (back.returncode, back.stdout) == (0, f"{tmp_path}/png: 7 images\n")
    assert np.asarray(Image.open(tmp_path / "png/00000006.png")).shape == (8, 8, 3)
    assert (again.returncode, again.stderr) == (2, f"error: {tmp_path}/png: exists already; choose another folder\n")


def test_the_index_names_the_source(folder, tmp_path):
    from_png(folder, tmp_path / "a")
    from_png(folder, tmp_path / "b", name="StyleGAN")
    assert json.loads((tmp_path / "a/imageset.json").read_text())["source"]["architecture"] == "fakes"
    assert json.loads((tmp_path / "b/imageset.json").read_text())["source"] == {
        "architecture": "StyleGAN", "dataset": "StyleGAN", "subset": None, "seed": None}


def test_one_file_is_a_set_of_one(folder, tmp_path, pixels):
    assert from_png(folder / "002.png", tmp_path / "set") == 1
    assert np.array_equal(imagesets.read(str(tmp_path / "set")).images, pixels[2:3])


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1"])
def test_gray_gets_three_channels_and_transparency_is_dropped(tmp_path, pixels, mode):
    image = Image.fromarray(pixels[0]).convert(mode)
    if mode in ("LA", "RGBA"):
        image.putalpha(Image.fromarray(pixels[1, ..., 0]))
    image.save(tmp_path / "one.png")
    from_png(tmp_path / "one.png", tmp_path / "set")
    written = imagesets.read(str(tmp_path / "set")).images[0]
    if mode == "RGBA":
        assert np.array_equal(written, pixels[0])
    elif mode in ("L", "LA"):
        gray = np.asarray(Image.fromarray(pixels[0]).convert("L"))
        assert np.array_equal(written, np.stack([gray] * 3, 2))
    else:
        assert np.array_equal(written, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize(("suffix", "options"), [("jpg", {"quality": 95}), ("JPEG", {}), ("webp", {"lossless": True})])
def test_jpeg_and_webp_come_in_as_they_are_decoded(tmp_path, pixels, suffix, options):
    Image.fromarray(pixels[0]).save(tmp_path / f"one.{suffix}", **options)
    from_png(tmp_path / f"one.{suffix}", tmp_path / "set")
    decoded = np.asarray(Image.open(tmp_path / f"one.{suffix}").convert("RGB"))
    assert np.array_equal(imagesets.read(str(tmp_path / "set")).images[0], decoded)


def test_resolution_crops_the_centre_and_filters(tmp_path):
    wide = np.random.RandomState(1).randint(256, size=(64, 99, 3), dtype=np.uint8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    from_png(tmp_path / "wide.png", tmp_path / "set", resolution=32)
    expected = Image.fromarray(wide[:, 17:81]).resize((32, 32), Image.Resampling.LANCZOS)
    assert np.array_equal(imagesets.read(str(tmp_path / "set")).images[0], expected)


def test_an_image_of_the_resolution_stays_as_it_is(folder, tmp_path, pixels):
    from_png(folder, tmp_path / "set", resolution=16)
    assert np.array_equal(imagesets.read(str(tmp_path / "set")).images, pixels)


def save(path, array):
    Image.fromarray(array).save(path)


@pytest.mark.parametrize(("spoil", "complaint"), [
    (lambda folder: save(folder / "004.png", np.zeros((16, 17, 3), np.uint8)), "004.png: 17x16 pixels, but 000"),
    (lambda folder: save(folder / "000.png", np.zeros((9, 16), np.uint8)), "000.png: 16x9 pixels, not square"),
    (lambda folder: (folder / "003.png").write_bytes(b"GIF"), "003.png: not an image that can be read"),
    (lambda folder: save(folder / "005.png", np.zeros((16, 16), np.uint16)), "005.png: has more than 8 bits a channel"),
    (lambda folder: [file.unlink() for file in folder.iterdir()], "fakes: there are no images"),
    (lambda folder: folder.rename(folder.parent / "gone"), "fakes: no such file or folder"),
])
def test_bad_folders_are_refused_and_nothing_is_written(folder, tmp_path, spoil, complaint):
    spoil(folder)
    with pytest.raises(Unusable, match=complaint):
        from_png(folder, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_truncated_image_is_named_and_no_set_is_finished(folder, tmp_path):
    whole = (folder / "004.png").read_bytes()
    (folder / "004.png").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(Unusable, match="004.png: not a whole image"):
        from_png(folder, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_nothing_that_is_there_is_overwritten(folder, tmp_path):
    from_png(folder, tmp_path / "set")
    with pytest.raises(UserError, match="set: exists already"):
        from_png(folder, tmp_path / "set")
    with pytest.raises(UserError, match="fakes: exists already"):
        to_png(tmp_path / "set", folder)


def test_a_changed_set_is_not_written_as_png(folder, tmp_path):
    from_png(folder, tmp_path / "set")
    data = bytearray((tmp_path / "set/images.npy").read_bytes())
    data[-1] ^= 1
    (tmp_path / "set/images.npy").write_bytes(data)
    with pytest.raises(BadInput, match="sha256 differs"):
        to_png(tmp_path / "set", tmp_path / "png")
    assert not (tmp_path / "png").exists()


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_a_picture_taken_sideways_comes_in_upright(tmp_path, suffix):
    upright = np.zeros((16, 16, 3), np.uint8)
    upright[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    Image.fromarray(np.rot90(upright)).save(tmp_path / f"a.{suffix}", exif=exif, quality=95)
    from_png(tmp_path, tmp_path / "out")
    written = imagesets.read(str(tmp_path / "out")).images[0]
    assert written[:6].min() > 200 and written[10:].max() < 50


def test_the_size_of_a_picture_is_the_one_that_is_looked_at(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.new("RGB", (20, 16)).save(tmp_path / "a.jpg", exif=exif)
    with pytest.raises(Unusable, match="a.jpg: 16x20 pixels, not square"):
        from_png(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(("colour", "values"), [(2, 3), (6, 4), (4, 2)])
def test_sixteen_bits_are_not_cut_silently(tmp_path, colour, values):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(2 * values * 8) for _ in range(8))
    (tmp_path / "deep.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, colour, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    with pytest.raises(Unusable, match="deep.png: has more than 8 bits a channel"):
        from_png(tmp_path, tmp_path / "out")


def test_hidden_files_are_none_and_others_are_counted(folder, tmp_path):
    (folder / "._000.png").write_bytes(b"\0\5\26\7\0\2\0\0Mac OS X        ")
    for name in ("a.bmp", "b.BMP", "c.tif", "notes"):
        (folder / name).write_bytes(b"x")
    made = subprocess.run([sys.executable, "orchestrate.py", "imageset", "from-png", folder, tmp_path / "set"],
                          cwd=REPOSITORY, capture_output=True, text=True)
    assert made.stdout == f"{tmp_path}/set: 7 images\n"
    assert made.stderr == "left out: 2 .bmp, 1 .tif, 1 without suffix; PNG, JPEG and WebP are read\n"


def test_what_is_lost_of_pictures_is_told(folder, tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    for name in ("moves.webp", "moves.png"):
        frames[0].save(folder / name, save_all=True, append_images=frames[1:])
    Image.new("RGBA", (16, 16), (1, 2, 3, 254)).save(folder / "cut-out.png")
    Image.new("RGBA", (16, 16), (1, 2, 3, 255)).save(folder / "opaque.png")
    made = subprocess.run([sys.executable, "orchestrate.py", "imageset", "from-png", folder, tmp_path / "set"],
                          cwd=REPOSITORY, capture_output=True, text=True)
    assert made.stderr == ("moving pictures, of which the first frame was taken: 2\n"
                           "pictures with transparency, whose colours below it were taken: 1\n")


def test_progress_is_shown_on_a_terminal(folder, tmp_path):
    ours, terminal = pty.openpty()
    subprocess.run([sys.executable, "orchestrate.py", "imageset", "from-png", folder, tmp_path / "set"],
                   cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=terminal, check=True)
    os.close(terminal)
    assert "100%" in os.read(ours, 10000).decode()


def test_a_photograph_with_previews_is_a_jpeg_and_does_not_move(tmp_path):
    Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    told = []
    assert from_png(tmp_path, tmp_path / "set", tell=told.append) == 1 and told == []
    assert pictures.doubts(tmp_path / "a.jpg", 16) == {"resized": False, "lossy": True}


def test_pictures_in_a_folder_below_are_named(folder, tmp_path):
    (tmp_path / "outer").mkdir()
    folder.rename(tmp_path / "outer/fakes")
    with pytest.raises(Unusable, match="outer: there are no images .*, but there are in .*outer/fakes; name that"):
        from_png(tmp_path / "outer", tmp_path / "set")


def test_a_damaged_picture_of_another_kind_is_named(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.gif")
    (tmp_path / "a.gif").rename(tmp_path / "a.jpg")
    with pytest.raises(Unusable, match="a.jpg: not an image that can be read"):
        from_png(tmp_path, tmp_path / "set")


@pytest.fixture
def few_pixels(monkeypatch):
    """As if 1,000 pixels were very many."""
    monkeypatch.setattr(pictures, "MOST_PIXELS", 1000)
    monkeypatch.setattr(pictures, "MOST_PIXELS_OF_A_JPEG", 4000)


@pytest.mark.parametrize(("name", "side", "options"), [
    ("a.png", 32, {}), ("a.webp", 32, {}), ("a.jpg", 64, {}), ("a.jpg", 32, {"progressive": True})])
def test_too_many_pixels_are_told_in_a_line(tmp_path, few_pixels, name, side, options):
    Image.new("RGB", (side, side)).save(tmp_path / name, **options)
    with pytest.raises(Unusable, match=f"{name}: {side}x{side} are more than .* pixels; make it smaller first"):
        from_png(tmp_path, tmp_path / "set")


@pytest.mark.parametrize(("width", "kind"), [(51, "JPEG"), (63, "MPO")])
def test_a_jpeg_as_large_as_phones_make_it_is_decoded_at_half_its_size(tmp_path, few_pixels, width, kind):
    ramp = np.tile(np.linspace(0, 255, width).astype(np.uint8)[:, np.newaxis, np.newaxis], (1, width, 3))
    Image.fromarray(ramp).save(tmp_path / "a.jpg", kind, quality=95)
    half = pictures.read("a.jpg", tmp_path / "a.jpg")
    assert half.size == ((width + 1) // 2,) * 2
    assert from_png(tmp_path, tmp_path / "set", resolution=8) == 1
    pixels = imagesets.read(str(tmp_path / "set")).images[0].astype(int)
    expected = np.asarray(Image.fromarray(ramp).resize((8, 8), Image.Resampling.LANCZOS)).astype(int)
    assert abs(pixels - expected).max() <= 6


def test_a_set_of_huge_pictures_wants_a_resolution(tmp_path):
    Image.new("1", (5000, 5000)).save(tmp_path / "a.png")
    with pytest.raises(Unusable, match="5000x5000 pixels, more than the 4096 of an image set; give --resolution"):
        from_png(tmp_path, tmp_path / "set")


@pytest.mark.parametrize(("kind", "name"), [("AVIF", "AVIF"), ("GIF", "GIF"), ("TIFF", "TIFF"), ("BMP", "BMP"),
                                            (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"), (b"\xff\x0a\xfa", "JPEG XL")])
def test_a_picture_of_another_kind_is_called_by_its_name(tmp_path, kind, name):
    if isinstance(kind, bytes):
        (tmp_path / "a.jpg").write_bytes(kind)
    else:
        Image.new("RGB", (64, 64)).save(tmp_path / "a.jpg", kind)
    with pytest.raises(Unusable, match=rf"a.jpg: not an image .* \({name}: neither PNG nor JPEG nor WebP\)"):
        from_png(tmp_path, tmp_path / "set")


def test_a_folder_of_others_is_told_what_it_has(tmp_path):
    for name in ("a.HEIC", "b.heic", "c.avif"):
        (tmp_path / name).touch()
    with pytest.raises(Unusable, match="there are no images .* in it, but 1 .avif, 2 .heic; convert what is one"):
        from_png(tmp_path, tmp_path / "set")


def test_a_palette_with_transparency_is_read_without_a_word(tmp_path, pixels):
    Image.fromarray(pixels[0]).quantize(16).save(tmp_path / "p.png", transparency=bytes(range(16)))
    assert from_png(tmp_path, tmp_path / "set") == 1


def test_a_folder_that_may_not_be_written_is_one_line(folder, tmp_path):
    (tmp_path / "file").touch()
    made = subprocess.run([sys.executable, "orchestrate.py", "imageset", "from-png", folder,
                           tmp_path / "file/set"],
                          cwd=REPOSITORY, capture_output=True, text=True)
    assert made.returncode == 2
    assert made.stderr == (f"error: {tmp_path}/file/set: {tmp_path}/file is no folder that may be written; "
                           "name another place\n")


def test_a_link_that_leads_nowhere_is_there_already(folder, tmp_path):
    (tmp_path / "set").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="set: exists already"):
        from_png(folder, tmp_path / "set")


def test_pipes_are_not_waited_for(folder, tmp_path):
    os.mkfifo(folder / "pipe.png")
    assert from_png(folder, tmp_path / "set") == 7
    for name in ("images.npy", "imageset.json"):
        (tmp_path / "set" / name).unlink()
        os.mkfifo(tmp_path / "set" / name)
        with pytest.raises(BadInput, match=f"{name}: .*it is no file"):
            to_png(tmp_path / "set", tmp_path / "png")


def test_what_lies_beside_is_left_alone(folder, tmp_path):
    (tmp_path / "set.partial").mkdir()
    (tmp_path / "set.partial/thesis.txt").write_text("x")
    from_png(folder, tmp_path / "set")
    assert (tmp_path / "set.partial/thesis.txt").read_text() == "x"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fakes", "set", "set.partial"]


def test_an_empty_file_of_images_is_named(folder, tmp_path):
    from_png(folder, tmp_path / "set")
    (tmp_path / "set/images.npy").write_bytes(b"")
    with pytest.raises(BadInput, match="images.npy: not a whole NumPy file"):
        to_png(tmp_path / "set", tmp_path / "png")


def test_a_dotted_folder_keeps_its_name(folder, tmp_path):
    folder.rename(tmp_path / "stylegan2.ada")
    from_png(tmp_path / "stylegan2.ada", tmp_path / "set")
    assert json.loads((tmp_path / "set/imageset.json").read_text())["source"]["dataset"] == "stylegan2.ada"
