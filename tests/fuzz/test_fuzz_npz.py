"""A short run of fuzz_npz.py."""

from tests.fuzz import fuzz_npz


def test_a_few_hundred_inputs():
    accepted, refused, failures = fuzz_npz.fuzz(seed=0, count=300)
    assert [wrong for wrong, _ in failures] == []
    assert accepted + refused == 300
    assert refused > 100


def test_the_same_seed_makes_the_same_inputs():
    assert list(fuzz_npz.inputs(0, 10)) == list(fuzz_npz.inputs(0, 10)) != list(fuzz_npz.inputs(1, 10))
