"""Files that are something else than what was meant. Python 2.7 and 3."""

import gzip
import io
import os
import tarfile
import zipfile

import numpy as np
import pytest

from sources.contract import arrays, unpickling
from sources.contract.errors import BadInput

READERS = {"pickle": lambda path: unpickling.load(path, ()), "npz": arrays.load}
PICKLE = b"\x80\x02N."


def packed(write):
    """The bytes that `write(stream)` writes."""
    stream = io.BytesIO()
    write(stream)
    return stream.getvalue()


def gzipped(stream):
    with gzip.GzipFile(fileobj=stream, mode="wb") as packing:
        packing.write(PICKLE)


def tarred(stream):
    with tarfile.open(fileobj=stream, mode="w") as packing:
        packing.addfile(tarfile.TarInfo("model.index"))


@pytest.mark.parametrize("reader", sorted(READERS))
@pytest.mark.parametrize("content, said", [
    (b"", "is empty"),
    (b"<!DOCTYPE html><title>Quota exceeded</title>", "is a web page"),
    (b"\xef\xbb\xbf\n<HTML>", "is a web page"),
    (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    (packed(gzipped), "packed with gzip"), (b"BZh9" + b"x" * 50, "packed with bzip2"),
    (packed(tarred), "a tar archive; unpack it"), (b" \0\0\0\0\0\0\0{\"a\":" + b"x" * 50, "safetensors"),
    (b"\0" * 1000, "nothing but zeros"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (packed(lambda stream: np.save(stream, np.zeros(1))), "a single array of NumPy")])
def test_another_file_is_named(tmpdir, reader, content, said):
    path = tmpdir.join("celeba")
    path.write_binary(content)
    with pytest.raises(BadInput) as caught:
        READERS[reader](str(path))
    assert str(caught.value).startswith(str(path)) and str(caught.value).count(str(path)) == 1
    assert said in str(caught.value)


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_pipe_is_not_waited_for(tmpdir, reader):
    os.mkfifo(str(tmpdir.join("celeba")))
    with pytest.raises(BadInput) as caught:
        READERS[reader](str(tmpdir.join("celeba")))
    assert "is neither a file nor a folder" in str(caught.value)


@pytest.mark.parametrize("reader", sorted(READERS))
def test_a_folder_is_no_file(tmpdir, reader):
    with pytest.raises(BadInput) as caught:
        READERS[reader](str(tmpdir))
    assert "is a folder" in str(caught.value) and "name the file in it" in str(caught.value)


def test_each_reader_knows_the_file_of_the_other(tmpdir):
    path = tmpdir.join("celeba")
    for reader, content, said in (
            ("npz", PICKLE, "is a pickle; a .npz file is expected"),
            ("pickle", packed(lambda stream: zipfile.ZipFile(stream, "w").writestr("a", b"a")), "is a zip archive")):
        path.write_binary(content)
        with pytest.raises(BadInput) as caught:
            READERS[reader](str(path))
        assert said in str(caught.value)
