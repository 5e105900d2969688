"""A short run of fuzz_npz.py, and files that are small and unpack to hundreds of megabytes."""

import tracemalloc

import pytest

from sources.contract import arrays
from sources.contract.errors import BadInput
from tests.fuzz import bombs, fuzz_npz


def test_a_few_hundred_inputs():
    accepted, refused, failures = fuzz_npz.fuzz(seed=0, count=300)
    assert [wrong for wrong, _ in failures] == []
    assert accepted + refused == 300
    assert refused > 100


def test_the_same_seed_makes_the_same_inputs():
    assert list(fuzz_npz.inputs(0, 10)) == list(fuzz_npz.inputs(0, 10)) != list(fuzz_npz.inputs(1, 10))


@pytest.mark.parametrize("kind", sorted(bombs.NPZ))
def test_a_bomb_is_refused_in_little_memory(tmp_path, kind):
    path = tmp_path / "bomb.npz"
    path.write_bytes(bombs.npz(kind))
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    with pytest.raises(BadInput):
        arrays.load(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20
