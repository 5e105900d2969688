"""Short runs of the fuzzers of image sets, pictures and manifests."""

import pytest

from tests.fuzz import fuzz_imagesets, fuzz_manifests, fuzz_pictures

FUZZERS = {"imagesets": fuzz_imagesets.fuzz, "manifests": fuzz_manifests.fuzz,
           "schemas": fuzz_manifests.fuzz_schemas,
           **{name: lambda seed, count, name=name: fuzz_pictures.fuzz(name, seed, count)
              for name in fuzz_pictures.READERS}}


@pytest.mark.parametrize(("reader", "count"), [
    ("imagesets", 100), ("manifests", 30), ("schemas", 300), ("brought", 200), ("archived", 200)])
def test_some_inputs(reader, count):
    accepted, refused, failures = FUZZERS[reader](seed=0, count=count)
    assert [wrong for wrong, _ in failures] == []
    assert accepted + refused == count and (refused > count // 3 or reader == "schemas")  # which refuses none


@pytest.mark.parametrize("module", [fuzz_imagesets, fuzz_manifests, fuzz_pictures])
def test_the_same_seed_makes_the_same_inputs(module):
    assert list(module.inputs(0, 10)) == list(module.inputs(0, 10)) != list(module.inputs(1, 10))
