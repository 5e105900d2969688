"""The files of weights: what is read, and what is refused."""

import pickle

import numpy as np
import pytest

from attribution.perception import weights
from sources.contract.errors import BadInput

SIZES = b"".join(pickle.dumps(part, 2) for part in (0x1950a86a20f9469cfc6c, 1001, {"little_endian": True}))
# {"x": a tensor of shape (2, 3) with strides (1, 2), of storage "7"}, as opcodes.
TENSORS = (b"\x80\x02}U\x01xctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\n"
           b"U\x017U\x03cpuK\x06NtQK\x00K\x02K\x03\x86K\x01K\x02\x86\x89ccollections\nOrderedDict\n)RtRs.")
STORAGES = pickle.dumps(["7"], 2) + np.int64(6).tobytes() + np.arange(6, dtype="<f4").tobytes()
WHOLE = SIZES + TENSORS + STORAGES


def read(folder, content):
    (folder / "old.pth").write_bytes(content)
    return weights.read_torch(folder / "old.pth")


def test_a_tensor_has_the_strides_that_the_file_says(tmp_path):
    (name, values), = read(tmp_path, WHOLE).items()
    assert (name, values.tolist()) == ("x", [[0, 2, 4], [1, 3, 5]])


@pytest.mark.parametrize("content", [
    WHOLE[:-1], WHOLE[:200], b"", SIZES + pickle.dumps(print, 2) + STORAGES,
    WHOLE.replace(b"K\x02K\x03\x86K\x01", b"K\x02K\x04\x86K\x01"),
    SIZES + pickle.dumps({"x": 1}, 2) + STORAGES])
def test_what_is_no_such_file_is_refused_in_a_line(tmp_path, content):
    with pytest.raises(BadInput, match=r"old.pth: not a whole file of PyTorch's: [^\n]+$"):
        read(tmp_path, content)


def test_nothing_that_a_file_names_is_run(tmp_path):
    command = b"\x80\x02cos\nsystem\nU\x0cfalse; false\x85R."
    with pytest.raises(BadInput, match="it names os.system, which is refused"):
        read(tmp_path, SIZES + command + STORAGES)


def test_the_packages_have_the_files_that_are_expected():
    known, compared = weights.efficientnet(), weights.alexnet()
    assert len(known) == 296 and known["_fc.weight"].shape == (1000, 1280)
    heads = [compared[f"NetLinLayer_{number}"]["Conv_0"]["kernel"] for number in range(5)]
    assert [head.size for head in heads] == [64, 192, 384, 256, 256]
    assert min(head.min() for head in heads) >= 0  # or no vector would have their squares as distances


@pytest.mark.parametrize(("file", "said"), [
    (weights.ALEXNET._replace(sha256="0"), "alexnet.ckpt: not the file that is expected"),
    (weights.ALEXNET._replace(path="weights/other.ckpt"), "other.ckpt: not there"),
    (weights.ALEXNET._replace(package="no_such_package"), "no_such_package/.*: not there")])
def test_a_file_that_is_another_or_none_is_named(file, said):
    with pytest.raises(BadInput, match=said):
        file.find()
