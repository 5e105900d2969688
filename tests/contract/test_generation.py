"""Generation in blocks: image i depends on nothing but (model, seed, block)."""

import argparse
import os
import signal
import threading
import time

import numpy as np
import pytest

from sources.contract import imagesets
from sources.contract.errors import BadInput, Stopped
from sources.contract.generation import NormalLatents, UniformLatents, generate

MODEL = {"block": 4, "resolution": 2, "weights_sha256": "0", "source": {"architecture": "test"}}


def values_of(latents):
    """Values that depend on their whole block, as batch normalisation makes them."""
    return 100 + 20 * (latents[:, 0] - latents[:, 0].mean())


def to_uint8(values):
    return np.clip(values, 0, 255).astype(np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)


def images(folder, values_of=values_of, to_uint8=to_uint8, **wishes):
    """The images of a request."""
    request = argparse.Namespace(**dict(
        {"out": str(folder), "count": None, "seed": 0, "first": 0, "latents": None, "quantize": "published",
         "png": False}, **wishes))
    generate(request, MODEL, NormalLatents(3), values_of, to_uint8, "")
    return np.array(imagesets.read(str(folder)).images)


def test_the_latents_are_rows_of_one_table_however_they_are_read():
    table = np.random.RandomState(3).randn(50, 5).astype(np.float32)
    latents = NormalLatents(5)
    for first, count in ((7, 10), (17, 3), (2, 4), (49, 1), (0, 50)):
        np.testing.assert_array_equal(latents.rows(3, first, count), table[first:first + count])
    uniform = np.random.RandomState(3).uniform(-1, 1, (50, 5)).astype(np.float32)
    np.testing.assert_array_equal(UniformLatents(5).rows(3, 20, 5), uniform[20:25])


@pytest.mark.parametrize("first,count", [(0, 4), (4, 8), (3, 2), (5, 9), (15, 1)])
def test_shards_equal_one_long_run(tmpdir, first, count):
    whole = images(tmpdir.join("whole"), count=16)
    shard = images(tmpdir.join("shard"), first=first, count=count)
    np.testing.assert_array_equal(shard, whole[first:first + count])


def test_the_count_does_not_change_an_image(tmpdir):
    np.testing.assert_array_equal(images(tmpdir.join("a"), count=5), images(tmpdir.join("b"), count=7)[:5])


def test_explicit_latents_give_their_images_and_a_short_block_is_run_as_it_is(tmpdir):
    rows = np.random.RandomState(1).randn(6, 3).astype(np.float32)
    path = str(tmpdir.join("z.npy"))
    np.save(path, rows)
    found = images(tmpdir.join("out"), latents=path)
    np.testing.assert_array_equal(found, np.concatenate([to_uint8(values_of(part)) for part in (rows[:4], rows[4:])]))


def test_the_next_block_is_made_while_one_is_written(tmpdir):
    """The first block is not written before the second is there; in one thread that would wait for ever."""
    begun, threads = [threading.Event() for _ in range(3)], set()

    def making(latents):
        threads.add(threading.current_thread())
        next(event for event in begun if not event.is_set()).set()
        return values_of(latents)

    def writing(values):
        assert begun[1].wait(10) and threading.current_thread() not in threads
        return to_uint8(values)

    found = images(tmpdir.join("a"), making, writing, count=12)
    np.testing.assert_array_equal(found, images(tmpdir.join("b"), count=12))


def test_a_stopped_generation_makes_no_more_and_goes_on_with_the_same_bits(tmpdir):
    made = []

    def slowly(latents):
        made.append(len(latents))
        time.sleep(0.05)
        return values_of(latents)

    def stopping(values):
        os.kill(os.getpid(), signal.SIGTERM)
        return to_uint8(values)

    before = threading.active_count()
    with pytest.raises(Stopped):
        images(tmpdir.join("stopped"), slowly, stopping, count=40)
    assert len(made) <= 2 and threading.active_count() == before  # the one that was written, the one it was at
    np.testing.assert_array_equal(images(tmpdir.join("stopped"), count=40), images(tmpdir.join("whole"), count=40))


@pytest.mark.parametrize("first,count", [(0, 4), (4, 3), (3, 7), (9, 1)])
def test_shards_of_explicit_latents_equal_one_long_run(tmpdir, first, count):
    path = str(tmpdir.join("z.npy"))
    np.save(path, np.random.RandomState(1).randn(10, 3).astype(np.float32))
    whole = images(tmpdir.join("whole"), latents=path)
    shard = images(tmpdir.join("shard"), latents=path, first=first, count=count)
    np.testing.assert_array_equal(shard, whole[first:first + count])


def test_pngs_have_the_numbers_of_their_images(tmpdir):
    images(tmpdir, first=3, count=2, png=True)
    assert sorted(path.basename for path in tmpdir.join("png").listdir()) == ["00000003.png", "00000004.png"]


@pytest.mark.parametrize("array,said", [
    (np.zeros((2, 4)), "expected (N, 3)"), (np.zeros(3), "expected (N, 3)"), (np.zeros((0, 3)), "expected (N, 3)"),
    (np.full((2, 3), np.nan), "finite"), (np.array([[u"a"] * 3]), "numbers")])
def test_latents_that_do_not_fit_are_refused(tmpdir, array, said):
    path = str(tmpdir.join("z.npy"))
    np.save(path, array)
    with pytest.raises(BadInput) as caught:
        images(tmpdir.join("out"), latents=path)
    assert said in str(caught.value)


def test_more_images_than_latents_are_refused(tmpdir):
    path = str(tmpdir.join("z.npy"))
    np.save(path, np.zeros((2, 3)))
    with pytest.raises(BadInput) as caught:
        images(tmpdir.join("out"), latents=path, count=3)
    assert "has 2 rows" in str(caught.value)


def test_a_request_without_a_count_is_refused(tmpdir):
    with pytest.raises(BadInput) as caught:
        images(tmpdir)
    assert "--count" in str(caught.value)
