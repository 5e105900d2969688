"""Checkpoints that are whole, and those that are wrong in a known way; a short run of the fuzzer."""

import numpy as np
import pytest

from sources.contract.errors import BadInput
from sources.cramer_mmd import tensorbundle
from tests.fuzz import fuzz_tensorbundle, tensorbundles
from tests.fuzz.tensorbundles import field

TENSORS = {"a": np.arange(6, dtype="<f4").reshape(2, 3), "a/b": np.array(7, "<i8"), "b": np.ones((1, 2), "<f8")}


def write(folder, index, *shards):
    """Write a checkpoint; returns its prefix."""
    (folder / "model.index").write_bytes(index)
    for number, data in enumerate(shards):
        (folder / f"model.data-{number:05d}-of-{len(shards):05d}").write_bytes(data)
    return str(folder / "model")


def assert_same(found, expected):
    """Names, types and values are the same."""
    assert sorted(found) == sorted(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def refusal(prefix):
    """What the reader says of a checkpoint that it refuses."""
    with pytest.raises(BadInput) as caught:
        tensorbundle.read(prefix)
    return str(caught.value)


@pytest.mark.parametrize("per_block", [1, 2, 100])
def test_what_is_written_is_read(tmp_path, per_block):
    assert_same(tensorbundle.read(write(tmp_path, *tensorbundles.pack(TENSORS, per_block=per_block))), TENSORS)


def test_tensors_in_several_shards(tmp_path):
    places = {"": field(1, 2), "a": field(3, 1) + field(4, 1), "a/b": b"", "b": field(3, 1) + field(4, 25)}
    index, data = tensorbundles.pack(TENSORS, lambda name, message: message + places[name])
    first, second = b"-" * 24 + data[24:32], b"-" + data[:24] + data[32:]
    assert_same(tensorbundle.read(write(tmp_path, index, first, second)), TENSORS)


def test_damaged_bytes_are_noticed_by_their_checksums(tmp_path):
    index, data = tensorbundles.pack(TENSORS)
    for place in range(len(data)):
        damaged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]
        assert "the checksum of" in refusal(write(tmp_path, index, damaged))
    assert "checksum of a block" in refusal(write(tmp_path, index[:20] + bytes([index[20] ^ 1]) + index[21:], data))


def test_every_truncation_is_noticed(tmp_path):
    index, data = tensorbundles.pack(TENSORS)
    for length in range(len(data)):
        assert "shorter than its index says" in refusal(write(tmp_path, index, data[:length]))
    for length in range(1, len(index)):
        assert "does not end like an index" in refusal(write(tmp_path, index[:length], data))


def test_a_missing_shard(tmp_path):
    prefix = write(tmp_path, *tensorbundles.pack(TENSORS))
    shard = tmp_path / "model.data-00000-of-00001"
    shard.rename(tmp_path / f"{shard.name} (1)")  # as a browser renames a second download
    assert f"{shard}: no such file; it belongs beside the index" in refusal(prefix)


def test_another_file_in_place_of_the_index(tmp_path):
    assert "is empty" in refusal(write(tmp_path, b""))
    assert "is a web page" in refusal(write(tmp_path, b"<!DOCTYPE html><title>Quota exceeded</title>"))


@pytest.mark.parametrize("extra, said", [
    (field(7, b""), "stored in slices"), (field(1, 7), "does not hold numbers"), (field(5, 23), "cannot be"),
    (field(3, 1), "cannot be"), (field(4, 40), "shorter than its index says"), (field(4, 2 ** 63), "shorter"),
    (field(2, field(2, field(1, 0))), "cannot be"), (field(2, field(2, field(1, 1)) * 9), "11 dimensions"),
    (field(2, field(2, field(1, 2 ** 64 - 1))), "cannot be"), (b"\xff", "a number does not end"),
    (b"\x12\x7f", "longer than its message"), (field(6, b"text"), "a field is no number")])
def test_an_entry_that_cannot_be(tmp_path, extra, said):
    index, data = tensorbundles.pack(TENSORS, lambda name, message: message + (extra if name == "a" else b""))
    assert said in refusal(write(tmp_path, index, data))


def test_a_header_that_cannot_be(tmp_path):
    for extra, said in ((field(2, 1), "big-endian"), (field(1, 1 << 40), "claims")):
        index, data = tensorbundles.pack(TENSORS, lambda name, message: message + (b"" if name else extra))  # noqa: B023
        assert said in refusal(write(tmp_path, index, data))
    assert "header is missing" in refusal(write(tmp_path, tensorbundles.table([[(b"a", b"")]]), b""))


def test_a_small_file_does_not_unfold_to_a_large_one(tmp_path):
    many = {f"tensor {number}": np.zeros(1000, "<f4") for number in range(100)}
    index, data = tensorbundles.pack(many, lambda name, message: message + (field(4, 1) if name else b""))
    assert "shorter than its index says" in refusal(write(tmp_path, index, data[:4001]))
    record = (b"a" * 150, b"")
    assert "blocks overlap" in refusal(write(tmp_path, tensorbundles.table([[record]], repeat=2)))
    assert "a name of 301 bytes" in refusal(write(tmp_path, tensorbundles.table([[record, (b"a" * 300, b"")]])))
    assert "too large" in refusal(write(tmp_path, bytes(1 << 20)))


def test_compressed_blocks_are_refused_as_such(tmp_path, monkeypatch):
    plain = tensorbundles.sealed
    monkeypatch.setattr(tensorbundles, "sealed", lambda content: plain(content, b"\1"))
    assert "blocks are compressed; that is not read here" in refusal(write(tmp_path, *tensorbundles.pack(TENSORS)))


def test_a_checkpoint_in_one_file_is_refused_as_such(tmp_path):
    (tmp_path / "model.ckpt").write_bytes(b"")
    assert "a checkpoint in one file, the format before TensorFlow 0.12" in refusal(str(tmp_path / "model.ckpt"))
    assert "no such file" in refusal(str(tmp_path / "nothing"))


def test_a_short_run_of_the_fuzzer():
    accepted, refused, failures = fuzz_tensorbundle.fuzz(seed=0, count=300)
    assert [wrong for wrong, _ in failures] == []
    assert accepted + refused == 300 and refused > 150
