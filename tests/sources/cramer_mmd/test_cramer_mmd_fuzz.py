"""A short run of tests/fuzz/fuzz_tensorbundle.py, and checkpoints that are wrong in a known way."""

import types

import numpy as np
import pytest

from sources.contract.errors import BadInput
from sources.cramer_mmd import published, tensorbundle
from tests.fuzz import fuzz_tensorbundle, tensorbundles


def test_a_few_hundred_inputs():
    accepted, refused, failures = fuzz_tensorbundle.fuzz(seed=0, count=300)
    assert [wrong for wrong, _ in failures] == []
    assert accepted + refused == 300
    assert refused > 150


def write(folder, tensors, **options):
    """Write a checkpoint; returns its prefix."""
    index, data = tensorbundles.pack(tensors, **options)
    (folder / "model.index").write_bytes(index)
    (folder / "model.data-00000-of-00001").write_bytes(data)
    return str(folder / "model")


def test_what_is_written_is_read(tmp_path):
    tensors = {"a": np.arange(6, dtype="<f4").reshape(2, 3), "a/b": np.array(7, "<i8"), "c": np.zeros((0, 2), "<f8")}
    back = tensorbundle.read(write(tmp_path, tensors), lambda name: True)
    assert sorted(back) == sorted(tensors)
    for name, array in tensors.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


def refusal(folder, tensors=None, **options):
    """What the importer says of a checkpoint. Nothing is written."""
    prefix = write(folder, tensors or fuzz_tensorbundle.tensors(), **options)
    return importing(prefix, folder / "out")


def importing(checkpoint, out):
    """What the importer says of a path that it refuses."""
    with pytest.raises(BadInput) as caught:
        published.import_published("mmdgan", types.SimpleNamespace(checkpoint=str(checkpoint), out=str(out)))
    assert not out.exists()
    return str(caught.value)


def test_a_variable_too_few_too_many_or_of_another_shape(tmp_path):
    tensors = fuzz_tensorbundle.tensors()
    missing = {name: value for name, value in tensors.items() if name != "generator/g_h5/biases"}
    assert "g_h5/biases is missing" in refusal(tmp_path, missing)
    assert "generator/new belongs to no network" in refusal(tmp_path, {**tensors, "generator/new": np.zeros(1, "<f4")})
    wrong = {**tensors, "generator/g_h4.scale": np.zeros(2, "<f4")}
    assert "g_h4.scale is float32 (2,), where float32 (1,) is expected" in refusal(tmp_path, wrong)
    nan = {**tensors, "generator/g_h4.scale": np.full(1, np.nan, "<f4")}
    assert "not finite" in refusal(tmp_path, nan)


def test_optimiser_state_and_moving_averages_are_left_out(tmp_path):
    tensors = {**fuzz_tensorbundle.tensors(), "generator/g_h4.moving_mean": np.zeros(1, "<f4"),
               "global_step": np.array(3, "<i8"), "loss/gradient_penalty": np.array(1, "<f4")}
    out = tmp_path / "out"
    published.import_published("mmdgan", types.SimpleNamespace(checkpoint=write(tmp_path, tensors), out=str(out)))
    assert (out / "model.json").exists()


def test_damaged_bytes_are_noticed_by_their_checksums(tmp_path):
    prefix = write(tmp_path, fuzz_tensorbundle.tensors())
    for name, said in (("model.data-00000-of-00001", "checksum of"), ("model.index", "checksum of a block")):
        path = tmp_path / name
        content = path.read_bytes()
        path.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
        assert said in importing(prefix, tmp_path / "out")
        path.write_bytes(content)


def test_a_truncated_or_missing_shard(tmp_path):
    prefix = write(tmp_path, fuzz_tensorbundle.tensors())
    data = tmp_path / "model.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    assert "shorter than its index says" in importing(prefix, tmp_path / "out")
    data.unlink()
    assert "it belongs beside the index" in importing(prefix, tmp_path / "out")


def test_slices_and_strange_types_are_refused_by_name(tmp_path):
    def sliced(name, message):
        return message + tensorbundles.field(7, b"") if name == "generator/g_h5/w" else message
    assert "stored in slices" in refusal(tmp_path, change=sliced)

    def text(name, message):
        return message + tensorbundles.field(1, 7) if name == "generator/g_h5/w" else message
    assert "of a type that is not read here" in refusal(tmp_path, change=text)


def test_a_folder_is_read_by_the_name_in_its_file_and_never_left(tmp_path):
    write(tmp_path, fuzz_tensorbundle.tensors())
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/elsewhere/../model"\n')
    assert published.find(str(tmp_path)) == str(tmp_path / "model")
    assert published.find(str(tmp_path / "model.index")) == str(tmp_path / "model")
    (tmp_path / "checkpoint").write_text("nothing")
    assert "no file `checkpoint`" in importing(tmp_path, tmp_path / "out")


def test_what_is_no_checkpoint(tmp_path):
    assert "No such file" in importing(tmp_path / "none", tmp_path / "out")
    (tmp_path / "text.index").write_text("<html>" * 20)
    assert "does not end like an index" in importing(tmp_path / "text", tmp_path / "out")
