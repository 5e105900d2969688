"""The one hash of the house."""

import pytest

from orchestration.hashing import digest


def test_it_is_the_sha256_of_canonical_json():
    """The literal was computed with sha256sum of {"a":[1,"\\u00e9"],"b":null}: keys of finished stages hang on it."""
    assert digest({"b": None, "a": [1, "é"]}) == "e6ad993c7a569e941cdd65aa57c817cb74d20d9877b15dfc8cc0ac151c74785d"


def test_the_order_of_keys_does_not_matter_and_that_of_items_does():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest([1, 2]) != digest([2, 1])


def test_what_json_cannot_say_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        digest(float("nan"))
    with pytest.raises(TypeError, match="bytes"):
        digest(b"")
