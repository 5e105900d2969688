"""orchestrate.py attribute: how a prediction is told."""

import pytest

from commands import attribute

SAID = {"label": "ProGAN", "probability": 0.63}


@pytest.mark.parametrize(("known", "words"), [
    ({"known": False}, "none of these (nearest: ProGAN, 63.0%)"),
    ({"known": True}, "ProGAN (63.0%)"),
    ({}, "ProGAN (63.0%)")])  # a model that was published has no threshold
def test_a_picture_may_be_of_none_of_the_sources(known: dict[str, bool], words: str) -> None:
    assert attribute._told({**SAID, **known}) == words
