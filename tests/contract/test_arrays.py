"""Named arrays in a file. Runs under Python 2.7 and 3."""

import io
import struct
import zipfile

import numpy as np
import pytest

from sources.contract import arrays
from sources.contract.errors import BadInput


def write(path, members, compression=zipfile.ZIP_STORED):
    """A .npz file of raw members {file name: bytes}."""
    with zipfile.ZipFile(str(path), "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return str(path)


def npy(array, **options):
    """The bytes of a .npy file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), **options)
    return stream.getvalue()


def test_what_is_saved_comes_back(tmpdir):
    saved = {"a/b": np.arange(6, dtype=np.float32).reshape(2, 3), "scalar": np.array(2.5),
             "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)), "empty": np.zeros((0, 3))}
    path = str(tmpdir.join("some.npz"))
    arrays.save(path, saved)
    back = arrays.load(path)
    assert sorted(back) == sorted(saved)
    for name, array in saved.items():
        assert back[name].dtype == array.dtype and back[name].shape == array.shape
        np.testing.assert_array_equal(back[name], array)


def test_the_same_arrays_give_the_same_bytes_at_any_time(tmpdir):
    saved = {"b": np.ones(3), "a": np.zeros(2)}
    first, second = tmpdir.join("1.npz"), tmpdir.join("2.npz")
    arrays.save(str(first), saved)
    arrays.save(str(second), dict(reversed(sorted(saved.items()))))
    assert first.read_binary() == second.read_binary()


def test_numpy_reads_it_and_it_reads_numpys_compressed_files(tmpdir):
    path = str(tmpdir.join("some.npz"))
    arrays.save(path, {"a": np.arange(3)})
    assert np.load(path)["a"].tolist() == [0, 1, 2]
    np.savez_compressed(path, **{"x/y": np.arange(4)})
    assert arrays.load(path)["x/y"].tolist() == [0, 1, 2, 3]


def test_only_what_is_wanted_is_looked_at(tmpdir):
    path = write(tmpdir.join("some.npz"), {"good.npy": npy([1]), "bad.npy": npy([None], allow_pickle=True)})
    assert arrays.names(path) == ["good", "bad"] or sorted(arrays.names(path)) == ["bad", "good"]
    assert list(arrays.load(path, lambda name: name == "good")) == ["good"]


def test_arrays_of_objects_are_refused_as_they_run_code(tmpdir):
    path = write(tmpdir.join("some.npz"), {"bad.npy": npy([None], allow_pickle=True)})
    with pytest.raises(BadInput) as caught:
        arrays.load(path)
    assert "no array of numbers" in str(caught.value)


def test_a_header_that_claims_more_than_there_is_costs_nothing(tmpdir):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (10 ** 15,)})
    path = write(tmpdir.join("some.npz"), {"huge.npy": stream.getvalue()})
    with pytest.raises(BadInput) as caught:
        arrays.load(path)
    assert "claims" in str(caught.value)


@pytest.mark.parametrize("flags, method, said", [
    (0, 9, "packed in an unusual way"), (1, 0, "encrypted, password required"), (1, 99, "packed in an unusual way")])
def test_what_python_cannot_unpack_is_refused(tmpdir, flags, method, said):
    path = write(tmpdir.join("some.npz"), {"a.npy": npy([1])})
    with open(path, "r+b") as stream:
        data = bytearray(stream.read())
        for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            struct.pack_into("<HH", data, data.find(mark) + place, flags, method)
        stream.seek(0)
        stream.write(data)
    with pytest.raises(BadInput) as caught:
        arrays.load(path)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>no zip</html>", b"\x93NUMPY\x01\x00"])
def test_what_is_no_npz_is_refused(tmpdir, content):
    path = tmpdir.join("some.npz")
    path.write_binary(content)
    with pytest.raises(BadInput) as caught:
        arrays.load(str(path))
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_not_there(tmpdir):
    with pytest.raises(BadInput) as caught:
        arrays.load(str(tmpdir.join("none.npz")))
    assert "no such file" in str(caught.value)
