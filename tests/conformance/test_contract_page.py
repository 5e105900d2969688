"""docs/contract.md against the code that keeps it."""

import argparse
import json
import re
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from orchestration import schemas
from sources.contract import command, errors, events, imagesets, models, settings
from tests.conformance.trial import INDEX_KEYS

PAGE = (Path(__file__).resolve().parents[2] / "docs/contract.md").read_text()


def blocks(language):
    """The fenced blocks of a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for found, text in fenced if found == language]


def test_every_verb_and_argument_is_on_the_page(monkeypatch):
    parsers = []
    monkeypatch.setattr(command, "obey", lambda parser, *more: parsers.append(parser))
    command.run("source", "", None)
    verbs = next(action for action in parsers[0]._actions if isinstance(action, argparse._SubParsersAction)).choices
    assert set(verbs) == set(re.findall(r"^\| `(\w+)` \| (?:`--|nothing)", PAGE, re.MULTILINE))
    for parser in verbs.values():
        for action in parser._actions:
            assert f"`{action.option_strings[-1]}" in PAGE.replace("--help", "`--help"), action


def test_every_exit_status_is_on_the_page():
    for error in (errors.BadInput, errors.NoDevice, errors.Stopped):
        assert f"\n| {error.status} |" in PAGE


def test_the_index_that_is_shown_has_the_keys_that_are_written(tmp_path):
    shown = json.loads(next(block for block in blocks("json") if "sha256" in block))
    with imagesets.Writer(str(tmp_path), 1, 8) as writer:
        writer.append(np.zeros((1, 8, 8, 3), np.uint8))
        writer.finish("", {}, {})
    assert set(shown) == set(json.loads((tmp_path / "imageset.json").read_text())) == INDEX_KEYS


def test_the_schema_that_is_shown_is_what_is_printed_and_what_is_looked_at(capsys):
    shown = json.loads(next(block for block in blocks("json") if "$schema" in block))
    taken = namedtuple("Taken", "width learning_rate mode")(64, 2e-4, "postpool")
    allowed = {"width": settings.COUNT, "learning_rate": settings.POSITIVE,
               "mode": settings.OneOf(["postpool", "predownscale"])}
    settings.show({"train": settings.schema(taken, allowed)})
    for setting in shown["train"]["properties"].values():
        setting.pop("description", None)
    assert json.loads(capsys.readouterr().out) == shown
    assert all(f"`{word}`" in PAGE for word in schemas.KEYWORDS)


def test_the_keys_of_a_model_are_those_that_are_read():
    assert all(f"| `{key}` |" in PAGE for key in ("block", "resolution", "source", "settings"))
    assert models.FORMAT == imagesets.FORMAT == 1


def test_the_events_that_are_shown_are_what_is_written(capsys):
    shown = next(block for block in blocks("") if '"event"' in block).splitlines()
    progress = events.Progress(5000)
    progress.step(120, 64, {"critic": -1.3, "generator": 0.7})
    events.log("continuing after step 100 of 5000")
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert written[1] == json.loads(shown[0])
    assert set(written[0]) == set(json.loads(shown[1]))
    assert {json.loads(line)["event"] for line in shown} == {"log", "progress", "warning", "done"}


def test_the_errors_that_are_shown_are_what_is_said():
    Published = namedtuple("Published", "learning_rate")
    with pytest.raises(errors.BadInput) as setting:
        settings.change(Published(0.1), {"learning_rat": 0.2})
    with pytest.raises(errors.BadInput) as images:
        imagesets.read("/images")
    for error in (setting, images):
        assert f"error: {error.value}\n" in PAGE
