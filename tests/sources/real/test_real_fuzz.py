"""Archives that are damaged, lie, or unpack to very much: short runs of tests/fuzz/fuzz_archives.py."""

import tracemalloc
import zipfile

import pytest

from datasets import Unusable
from sources.real import celeba
from tests.fuzz import fuzz_archives


@pytest.mark.parametrize(("reader", "least"), [("celeba", 70), ("lsun", 5)])
def test_some_inputs(reader, least):
    accepted, refused, failures = fuzz_archives.fuzz(reader, seed=0, count=100)
    assert [wrong for wrong, _ in failures] == []
    assert accepted + refused == 100 and refused >= least


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("number", [1, 2])  # the first says that it is large, the others that they are small
def test_a_member_that_unpacks_to_very_much_is_refused_in_little_memory(tmp_path, method, number):
    path = tmp_path / "bomb.zip"
    path.write_bytes(fuzz_archives.zip_bomb(method))
    name = f"img_align_celeba/{number:06d}.jpg"
    with zipfile.ZipFile(path) as archive:
        tracemalloc.start()
        with pytest.raises(Unusable, match=f"the member {name} (has 268435456 bytes|cannot be read)"):
            celeba._read(path, archive, name)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100 << 20
