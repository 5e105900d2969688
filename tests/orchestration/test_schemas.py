"""JSON Schema, as much as settings need, and schemas that strangers wrote."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.schemas import complaints

SETTINGS = {
    "width": {"type": "integer", "minimum": 1},
    "rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 2},
    "share": {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    "mode": {"type": "string", "enum": ["each", "turn"]},
    "mirror": {"type": "boolean"},
    "levels": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1}},
    "size": {"type": ["integer", "null"]},
}


def wrong(**config: Any) -> dict[str, str]:
    return complaints({"type": "object", "additionalProperties": False, "properties": SETTINGS}, config)


def test_what_fits_is_no_complaint() -> None:
    assert wrong(width=1, rate=2, share=0, mode="turn", mirror=True, levels=[3, 1], size=None) == {}
    assert wrong(width=2.0, rate=1e-300, share=0.999, size=7) == {}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("widht", 3, "there is no such setting; did you mean width?"),
        ("zzz", 3, "there is no such setting; the settings are levels, mirror, mode, rate, share, size, width"),
        ("width", 0, "expected 1 or more, found 0"),
        ("width", 1.5, "expected a whole number, found 1.5"),
        ("width", True, "expected a whole number, found true"),
        ("width", "64", 'expected a whole number, found "64"'),
        ("width", None, "expected a whole number, found null"),
        ("width", float("inf"), "expected a whole number, found Infinity"),
        ("rate", 0, "expected a number above 0, found 0"),
        ("rate", 2.5, "expected 2 or less, found 2.5"),
        ("share", 1, "expected less than 1, found 1"),
        ("mode", "both", 'expected "each" or "turn", found "both"'),
        ("mirror", 1, "expected true or false, found 1"),
        ("levels", [], "expected a list of 1 or more, found []"),
        ("levels", 3, "expected a list, found 3"),
        ("levels", [1, 0], "expected 1 or more, found 0"),
        ("size", "x", 'expected a whole number or null, found "x"'),
    ],
)
def test_what_does_not_fit_is_named(name: str, value: Any, words: str) -> None:
    assert wrong(**{name: value}) == {name: words}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": [1], "additionalProperties": "no"},
        {"properties": {"a": 3}},
        {"properties": {"a": {"type": 7, "enum": 3, "minimum": "x", "minItems": "y", "items": "z"}}},
        {"properties": {"a": {"type": ["no", 3, None], "enum": [], "maximum": None}}},
        {"properties": {"a": {"$ref": "#/nowhere"}}, "additionalProperties": True},
    ],
)
def test_words_that_make_no_sense_count_as_not_said(schema: dict[str, Any]) -> None:
    assert complaints(schema, {"a": [3], "b": "x"}) == {}
    assert complaints({**schema, "properties": {}, "additionalProperties": False}, {"b": 1}) == {
        "b": "there is no such setting; it takes none"
    }
