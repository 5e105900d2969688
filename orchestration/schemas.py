"""JSON Schema, as much of it as settings need: docs/contract.md names the words that are looked at.

A schema is what an image said: a word of it that makes no sense counts as not said.
"""

import difflib
import json
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

Schema = Mapping[str, Any]
_TYPES: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "integer": ("a whole number", lambda value: _is_number(value) and value == value // 1),
    "number": ("a number", lambda value: _is_number(value)),
    "string": ("a text", lambda value: isinstance(value, str)),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "array": ("a list", lambda value: isinstance(value, list)),
    "null": ("null", lambda value: value is None)}
_ENDS = {"minimum": ("{} or more", operator.ge), "exclusiveMinimum": ("a number above {}", operator.gt),
         "maximum": ("{} or less", operator.le), "exclusiveMaximum": ("less than {}", operator.lt)}
KEYWORDS = ("type", "enum", "minItems", "items", "additionalProperties", *_ENDS)


def complaints(schema: Schema, config: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the settings in `config`, by name."""
    properties = schema.get("properties")
    known: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
    found = {name: _misfit(known[name], value) for name, value in config.items() if name in known}
    if schema.get("additionalProperties") is False:
        found |= {name: f"there is no such setting; {_suggestion(name, known)}" for name in config if name not in known}
    return {name: text for name, text in found.items() if text}


def _misfit(schema: Any, value: Any) -> str | None:
    """What is wrong with one value, if anything is."""
    if not isinstance(schema, dict):
        return None
    wanted = _wanted(schema, value)
    if wanted:
        return f"expected {wanted}, found {json.dumps(value)}"
    items = value if isinstance(value, list) else []
    return next((text for text in (_misfit(schema.get("items"), item) for item in items) if text), None)


def _wanted(schema: Schema, value: Any) -> str | None:
    """What a value should be and is not; its items are not looked at."""
    kinds = schema.get("type")
    known = [_TYPES[kind] for kind in (kinds if isinstance(kinds, list) else [kinds])
             if isinstance(kind, str) and kind in _TYPES]
    if known and not any(fits(value) for _, fits in known):
        return " or ".join(words for words, _ in known)
    choices = schema.get("enum")
    if isinstance(choices, list) and choices and not any(_same(value, choice) for choice in choices):
        return " or ".join(json.dumps(choice) for choice in choices)
    for word, (text, holds) in _ENDS.items():
        end = schema.get(word)
        if _is_number(end) and _is_number(value) and not holds(value, end):
            return text.format(end)
    least = schema.get("minItems")
    if _is_number(least) and isinstance(value, list) and len(value) < least:
        return f"a list of {least} or more"
    return None


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(value: Any, other: Any) -> bool:
    """Equal as JSON is: true is no 1."""
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


def _suggestion(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"the settings are {', '.join(sorted(known))}" if known else "it takes none"
