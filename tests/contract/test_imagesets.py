"""Image sets: written block by block, read as a memory map, refused when they are not what they say."""

import json

import numpy as np
import pytest

from sources.contract import imagesets
from sources.contract.errors import BadInput

IMAGES = np.random.RandomState(0).randint(0, 256, (10, 4, 4, 3)).astype(np.uint8)


def make(folder, images=IMAGES, identity=None):
    """A whole image set."""
    with imagesets.Writer(str(folder), len(images), 4, identity) as writer:
        writer.append(images[writer.done:])
        writer.finish("as they are", {"architecture": "test"}, {"versions": {}})
    return folder


def refusal(folder):
    """What is said of a set that is refused."""
    with pytest.raises(BadInput) as caught:
        imagesets.read(str(folder))
    return str(caught.value)


def test_a_set_comes_back_as_a_memory_map(tmpdir):
    image_set = imagesets.read(str(make(tmpdir)))
    assert isinstance(image_set.images, np.memmap)
    assert (image_set.count, image_set.resolution) == (10, 4)
    np.testing.assert_array_equal(image_set.images, IMAGES)


@pytest.mark.parametrize("ends", [(3, 2), (0, 4), (10, 0), (9, 1), (1, 0)])
def test_a_subset_is_the_first_and_the_last_images_without_a_copy(tmpdir, ends):
    first, last = ends
    part = imagesets.read(str(make(tmpdir))).subset(ends)
    assert (part.count, part.resolution) == (first + last, 4)
    assert part.images.shape == (first + last, 4, 4, 3)
    np.testing.assert_array_equal([part.images[number] for number in range(part.count)],
                                  np.concatenate([IMAGES[:first], IMAGES[10 - last:]]))
    assert isinstance(part.images[0], np.memmap)


def test_a_subset_has_an_identity_of_its_own_and_no_subset_is_the_whole(tmpdir):
    whole = imagesets.read(str(make(tmpdir)))
    assert whole.subset(None) is whole
    assert whole.identity == {"sha256": whole.index["sha256"], "subset": None}
    assert whole.subset((3, 2)).identity == {"sha256": whole.index["sha256"], "subset": [3, 2]}
    assert whole.subset((2, 3)).identity != whole.subset((3, 2)).identity


@pytest.mark.parametrize("ends", [(11, 0), (0, 11), (6, 5)])
def test_a_subset_that_is_larger_than_the_set_is_refused(tmpdir, ends):
    with pytest.raises(BadInput) as caught:
        imagesets.read(str(make(tmpdir))).subset(ends)
    assert "--subset %d+%d: " % ends in str(caught.value) and "has 10 images" in str(caught.value)


def test_the_file_is_numpys_format_1_0(tmpdir):
    make(tmpdir)
    assert tmpdir.join("images.npy").read_binary()[:8] == b"\x93NUMPY\x01\x00"


def test_an_interrupted_set_is_continued_by_whole_blocks(tmpdir):
    with imagesets.Writer(str(tmpdir), 10, 4, {"seed": 1}) as writer:
        writer.append(IMAGES[:7])
    with open(str(tmpdir.join("images.npy.partial")), "ab") as stream:
        stream.write(b"torn")
    with imagesets.Writer(str(tmpdir), 10, 4, {"seed": 1}, block=3) as writer:
        assert writer.done == 6
        writer.append(IMAGES[6:])
        writer.finish("", {}, {})
    np.testing.assert_array_equal(imagesets.read(str(tmpdir)).images, IMAGES)
    assert sorted(path.basename for path in tmpdir.listdir()) == ["images.npy", "imageset.json"]


def test_a_partial_set_of_something_else_is_made_anew(tmpdir):
    with imagesets.Writer(str(tmpdir), 10, 4, {"seed": 1}) as writer:
        writer.append(IMAGES[:7])
    with imagesets.Writer(str(tmpdir), 10, 4, {"seed": 2}) as writer:
        assert writer.done == 0


@pytest.mark.parametrize("images", [IMAGES.astype(np.float32), IMAGES[:, :2], np.concatenate([IMAGES, IMAGES])])
def test_images_that_do_not_fit_are_a_bug(tmpdir, images):
    with imagesets.Writer(str(tmpdir), 10, 4) as writer, pytest.raises(ValueError):
        writer.append(images)


def test_content_that_was_changed_is_noticed(tmpdir):
    path = make(tmpdir).join("images.npy")
    content = bytearray(path.read_binary())
    content[-1] ^= 1
    path.write_binary(bytes(content))
    assert "sha256 differs" in refusal(tmpdir)
    assert imagesets.read(str(tmpdir), check=False).count == 10


def test_a_truncated_file_is_noticed(tmpdir):
    path = make(tmpdir).join("images.npy")
    path.write_binary(path.read_binary()[:-10])
    assert "not a whole NumPy file" in refusal(tmpdir)


def test_an_index_that_says_something_else_is_noticed(tmpdir):
    path = make(tmpdir).join("imageset.json")
    index = json.loads(path.read())
    path.write(json.dumps(dict(index, count=11)))
    assert "its index says 11 of 4" in refusal(tmpdir)
    del index["sha256"]
    path.write(json.dumps(index))
    assert "'sha256' is missing" in refusal(tmpdir)
    path.write("{")
    assert "not JSON" in refusal(tmpdir)
    path.write("[]")
    assert "not the index of an image set" in refusal(tmpdir)


def test_a_folder_without_a_set(tmpdir):
    assert "an image set is a folder with images.npy and imageset.json" in refusal(tmpdir)


def test_an_array_of_another_kind(tmpdir):
    make(tmpdir)
    np.save(str(tmpdir.join("images.npy")), np.zeros((10, 4, 4)))
    assert "expected uint8 (N, R, R, 3)" in refusal(tmpdir)
