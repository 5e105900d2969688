"""The verb settings of docs/contract.md under trial: is it a schema, and is it the truth?"""

import json

from tests.conformance.callers import ask
from tests.conformance.trial import expect, last, refused

_TYPES = {"integer": int, "number": (int, float), "string": str, "boolean": bool, "array": list, "null": type(None)}


def settings_are_told(trial):
    """Where there is the verb settings: it tells what train takes, and train refuses what it does not tell."""
    ended = ask(trial.source, "settings")
    if ended.status == 2:
        return  # a source need not have it
    expect(ended.status == 0, f"settings ended with {ended.status}: {last(ended.errors)}")
    try:
        said = json.loads("\n".join(ended.output))
        properties = said["train"]["properties"]
    except (ValueError, KeyError, TypeError) as error:
        expect(False, f"settings prints no schema of train: {error!r}")
    expect(said["train"].get("type") == "object" and said["train"].get("additionalProperties") is False,
           "settings: train takes more than the properties of its schema")
    for name, told in properties.items():
        _expect_told(name, told)
    unknown = set(json.loads(trial.config.read_text())) - set(properties)
    expect(not unknown, f"settings does not tell of {sorted(unknown)}, which train takes")
    _expect_refusals(trial, properties)


def _expect_told(name, told):
    """A setting has a type, a default that fits it, and a description of one line if it has one."""
    kind = _TYPES.get(told.get("type"))
    expect(kind is not None, f"settings: {name} has no type of JSON Schema")
    expect("default" in told and isinstance(told["default"], kind), f"settings: {name} has no default of its type")
    expect(told["default"] in told.get("enum", [told["default"]]), f"settings: the default of {name} is no choice")
    expect("\n" not in told.get("description", ""), f"settings: the description of {name} has several lines")


def _expect_refusals(trial, properties):
    """train refuses, too, a value of another type, and one that is too small or too large."""
    numbers = {name: told for name, told in properties.items() if told["type"] in ("integer", "number")}
    wrong = [(name, "many") for name in list(numbers)[:1]]
    for word, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0), ("exclusiveMaximum", 0)):
        wrong += [(name, told[word] + step) for name, told in numbers.items() if word in told][:1]
    _, verb, reads, _, words = trial.training("told")
    for name, value in wrong:
        config = trial.write("wrong.json", json.dumps({**json.loads(trial.config.read_text()), name: value}))
        refused(trial, f"{name} {value}", verb, {**reads, "config": config}, words)
