"""CelebA from small archives in the real format."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from sources.contract import imagesets
from tests.sources.real.real_archives import SMALL, call, celeba_zip, encoded, face

LARGE = dict(SMALL, resolution=128)


def numbers(images):
    """The number that is in the blue channel of each face."""
    return [int(round(value / 20)) for value in images[..., 2].mean((1, 2))]


def repack(archive, path, compression):
    """The same faces as others pack them: in a folder of another name, with other suffixes."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w", compression) as new:
        for name in old.namelist()[:0:-1]:
            new.writestr(f"Faces/{name[-10:-4]}.JPG", old.read(name))
    return path


def refusal(folder, archive, config=SMALL):
    """The one line of a refused archive, of which nothing was written."""
    status, events, errors = call(folder, "celeba", "--archive", archive, "--out", folder / "out", config=config)
    assert (status, events, errors.count("\n")) == (2, [], 1)
    assert not (folder / "out").exists()
    return errors


def test_crops_are_columns_25_to_152_and_rows_57_to_184(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 10)
    assert call(tmp_path, "celeba", "--archive", archive, "--out", tmp_path / "out", config=LARGE)[0] == 0
    first = imagesets.read(tmp_path / "out/gan").images[0]
    decoded = np.asarray(Image.open(io.BytesIO(encoded(face(1), quality=95))))
    assert np.array_equal(first, decoded[57:185, 25:153])
    assert abs(first.astype(int) - face(1)[57:185, 25:153]).max() <= 4


def test_below_128_the_crop_is_lanczos_filtered(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 10)
    call(tmp_path, "celeba", "--archive", archive, "--out", tmp_path / "small")
    call(tmp_path, "celeba", "--archive", archive, "--out", tmp_path / "large", config=LARGE)
    large = imagesets.read(tmp_path / "large/gan").images[2]
    expected = Image.fromarray(np.asarray(large)).resize((32, 32), Image.Resampling.LANCZOS)
    assert np.array_equal(imagesets.read(tmp_path / "small/gan").images[2], expected)


def test_gan_is_the_first_images_and_no_image_is_in_two_splits(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 12)
    status, events, _ = call(tmp_path, "celeba", "--archive", archive, "--out", tmp_path / "out", "--seed", "3")
    gan, attribution = imagesets.read(tmp_path / "out/gan"), imagesets.read(tmp_path / "out/attribution")
    assert status == 0 and events[-1] == {"event": "done", "images": 10}
    assert numbers(gan.images) == [1, 2, 3, 4]
    assert len(set(numbers(attribution.images))) == 6 and min(numbers(attribution.images)) > 4
    assert gan.index["source"] == {"architecture": "real", "dataset": "CelebA", "subset": "gan", "seed": 3,
                                   "parts": {"gan": 4}}
    assert attribution.index["source"]["parts"] == {"train": 3, "validation": 1, "test": 2}


def test_the_seed_shuffles_attribution_and_nothing_else(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 12)
    sets = {}
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        call(tmp_path, "celeba", "--archive", archive, "--out", tmp_path / name, "--seed", seed)
        sets[name] = [imagesets.read(tmp_path / name / subset).index["sha256"] for subset in ("gan", "attribution")]
    assert sets["a"] == sets["b"]
    assert sets["a"][0] == sets["c"][0] and sets["a"][1] != sets["c"][1]


def test_a_missing_archive_is_named_with_where_it_comes_from(tmp_path):
    line = refusal(tmp_path, tmp_path / "img_align_celeba.zip")
    assert f"{tmp_path}/img_align_celeba.zip: is not there; download img_align_celeba.zip" in line
    assert "CelebA page" in line


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title>",
                                  b"\n <html><body>Sorry, too many users have viewed this file recently"])
def test_the_page_of_a_spent_quota_is_recognised(tmp_path, page):
    (tmp_path / "faces.zip").write_bytes(page)
    line = refusal(tmp_path, tmp_path / "faces.zip")
    assert "is no whole zip archive" in line and "quota is spent" in line


def test_a_truncated_archive_is_refused(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 10)
    archive.write_bytes(archive.read_bytes()[:-1000])
    assert "is no whole zip archive" in refusal(tmp_path, archive)


def test_a_missing_member_is_named(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 12, lambda members: members.pop("img_align_celeba/000007.jpg"))
    assert "the member img_align_celeba/000007.jpg is missing" in refusal(tmp_path, archive)


def test_another_archive_is_refused(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 0, lambda members: members.update({"cats/1.jpg": b"no"}))
    assert "has no member img_align_celeba/000001.jpg" in refusal(tmp_path, archive)


def test_images_of_another_size_are_refused(tmp_path):
    wild = encoded(face(1, width=250, height=250))
    archive = celeba_zip(tmp_path / "faces.zip", 10,
                         lambda members: members.update({"img_align_celeba/000001.jpg": wild}))
    line = refusal(tmp_path, archive)
    assert "img_align_celeba/000001.jpg: 250x250 pixels" in line and "178x218" in line


def test_too_few_images_are_counted(tmp_path):
    line = refusal(tmp_path, celeba_zip(tmp_path / "faces.zip", 9))
    assert "has 9 images, and 10 are asked for (gan 4, train 3, validation 1, test 2" in line


def test_an_image_that_cannot_be_decoded_is_named_and_no_set_is_finished(tmp_path):
    def truncate(members):
        members["img_align_celeba/000003.jpg"] = members["img_align_celeba/000003.jpg"][:600]

    archive = celeba_zip(tmp_path / "faces.zip", 10, truncate)
    status, _, errors = call(tmp_path, "celeba", "--archive", archive, "--out", tmp_path / "out")
    assert status == 2 and "img_align_celeba/000003.jpg: not an image that can be read" in errors
    assert not (tmp_path / "out/gan/imageset.json").exists()


def test_a_damaged_member_is_named(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 10)
    data = bytearray(archive.read_bytes())
    data[len(data) // 3] ^= 255
    archive.write_bytes(data)
    status, _, errors = call(tmp_path, "celeba", "--archive", archive, "--out", tmp_path / "out")
    assert status == 2 and errors.count("\n") == 1
    assert "cannot be read (Bad CRC-32 for file" in errors


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_named_whatever_packed_it(tmp_path, compression):
    celeba_zip(tmp_path / "faces.zip", 10)
    repacked = repack(tmp_path / "faces.zip", tmp_path / "packed.zip", compression)
    with zipfile.ZipFile(repacked) as archive:
        middle = archive.getinfo("Faces/000007.JPG").header_offset + 500
    data = bytearray(repacked.read_bytes())
    data[middle:middle + 200] = bytes(byte ^ 255 for byte in data[middle:middle + 200])
    repacked.write_bytes(data)
    status, _, errors = call(tmp_path, "celeba", "--archive", repacked, "--out", tmp_path / "out")
    assert status == 2 and errors.count("\n") == 1 and "the member Faces/000007.JPG cannot be read (" in errors


def test_a_zip_that_was_packed_again_is_the_same_data_set(tmp_path):
    archive = celeba_zip(tmp_path / "faces.zip", 10)
    repacked = repack(archive, tmp_path / "packed.zip", zipfile.ZIP_DEFLATED)
    for path in (archive, repacked):
        assert call(tmp_path, "celeba", "--archive", path, "--out", tmp_path / path.stem)[0] == 0
    first, second = (imagesets.read(tmp_path / stem / "attribution").index for stem in ("faces", "packed"))
    assert (first["sha256"], first["made_by"]["input"]) == (second["sha256"], second["made_by"]["input"])


def test_a_member_that_unpacks_to_more_than_a_face_does_is_not_unpacked(tmp_path):
    huge = {"img_align_celeba/000001.jpg": bytes(1 << 25)}
    archive = celeba_zip(tmp_path / "faces.zip", 10, lambda members: members.update(huge))
    assert "000001.jpg has 33554432 bytes, too many for a picture of CelebA" in refusal(tmp_path, archive)


@pytest.mark.parametrize(("changed", "complaint"), [
    ({"gam": 4}, "setting gam: there is no such setting; did you mean gan?"),
    ({"test": 0}, "setting test: expected 1 to 10000000, found 0"),
    ({"gan": 10 ** 30}, "setting gan: expected 1 to 10000000, found 1000"),
    ({"resolution": 48}, "setting resolution: expected 32 or 64 or 128, found 48"),
    ({"train": "many"}, "setting train: expected a value like 85000"),
])
def test_wrong_settings_are_refused(tmp_path, changed, complaint):
    archive = celeba_zip(tmp_path / "faces.zip", 10)
    assert complaint in refusal(tmp_path, archive, dict(SMALL, **changed))
