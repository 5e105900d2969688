"""Settings are held against what images take: which are refused, where, and what is said where nobody can tell."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration import manifest, plan, settings
from orchestration.errors import NoEngine, UserError
from orchestration.images import answers

TEXT = """
study: s
resolution: 32
device: cpu
dataset: {kind: photos}
images: {gan: 100, train: 10, validation: 10, test: 10}
sources:
  A: {image: progan, settings: {minibatch: 8}}
  B: {image: somebody/gan, settings: {steps: 9}}
methods:
  C: {image: attribution, settings: {images: 640}}
"""
SAID = {"train": {"additionalProperties": False, "properties": {"steps": {"type": "integer", "minimum": 5}}}}
_NUMBERS = itertools.count()


class Engine:
    """Has one image made elsewhere; counts how often that is asked."""

    def __init__(self, said: Any = SAID, status: int = 0, known: bool = True) -> None:
        self.said, self.status, self.known, self.asked = said, status, known, 0
        self.id = f"sha256:{next(_NUMBERS)}"

    def image_id(self, reference: str) -> str:
        if not self.known:
            raise UserError(f"image {reference}: the engine does not have it")
        return self.id

    def ask(self, image_id: str, verb: str) -> tuple[int, bytes]:
        self.asked += 1
        return self.status, json.dumps(self.said).encode()


@pytest.fixture(scope="module", autouse=True)
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "_KEPT", tmp_path_factory.mktemp("settings"))
        yield


def check(folder: Path, text: str, engine: Any = None) -> list[str]:
    """What is said of a manifest."""
    path = folder / "m.yaml"
    path.write_text(text)
    stated = manifest.read(path)
    chosen = Engine() if engine is None else engine
    return settings.check(path, stated, plan.expand(stated), lambda: chosen)


def refusals(folder: Path, text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        check(folder, text)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_settings_that_fit_are_passed_over(tmp_path: Path) -> None:
    engine = Engine()
    assert check(tmp_path, TEXT, engine) == check(tmp_path, TEXT, engine) == []
    assert engine.asked == 1


def test_every_wrong_setting_is_told_with_its_line(tmp_path: Path) -> None:
    text = TEXT.replace("minibatch: 8", "minibach: 8, learning_rate: fast")
    text = text.replace("steps: 9", "steps: 4").replace("images: 640", "images: 0, precision: float16")
    assert refusals(tmp_path, text) == [
        'm.yaml:8: sources.A.settings.learning_rate: expected a number, found "fast"',
        "m.yaml:8: sources.A.settings.minibach: there is no such setting; did you mean minibatch?",
        "m.yaml:9: sources.B.settings.steps: expected 5 or more, found 4",
        "m.yaml:11: methods.C.settings.images: expected 1 or more, found 0",
        'm.yaml:11: methods.C.settings.precision: expected "float32" or "tf32" or "bfloat16", found "float16"',
    ]


def test_each_source_with_the_same_wrong_setting_is_named(tmp_path: Path) -> None:
    text = TEXT.replace("minibatch: 8}}", "width: 8}}\n  D: {image: progan, settings: {width: 8}}")
    assert [line.split(":")[1:3] for line in refusals(tmp_path, text)] == [
        ["8", " sources.A.settings.width"],
        ["9", " sources.D.settings.width"],
    ]


def test_what_an_experiment_tells_a_method_is_checked_too(tmp_path: Path) -> None:
    text = TEXT + "experiments: {confounds: {training: {imagess: 640}}}\n"
    (line, *_) = refusals(tmp_path, text)
    assert line.startswith("m.yaml:12: experiments.C-on-")
    assert line.endswith("/train.imagess: there is no such setting; did you mean images?")


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        (Engine(known=False), "the engine does not have it"),
        (Engine(status=2), "it does not say what it takes"),
        (Engine(said=3), "it does not say what it takes"),
    ],
)
def test_where_nobody_can_tell_it_is_said_and_the_others_are_checked(
    tmp_path: Path, engine: Engine, reason: str
) -> None:
    assert check(tmp_path, TEXT, engine) == [f"image somebody/gan: settings not checked: {reason}"]
    with pytest.raises(UserError, match="m.yaml:8: sources.A.settings.minibach"):
        check(tmp_path, TEXT.replace("minibatch", "minibach"), engine)


def test_without_an_engine_our_own_are_checked(tmp_path: Path) -> None:
    class Away:
        def image_id(self, reference: str) -> str:
            raise NoEngine("no engine answers")

    assert check(tmp_path, TEXT, Away()) == ["image somebody/gan: settings not checked: no engine answers"]


@pytest.mark.parametrize("number", [".nan", ".inf", "[1.0, -.inf]"])
def test_a_number_without_an_end_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(UserError, match="m.yaml:9: sources.B.settings.steps: a setting is a number that has an end"):
        check(tmp_path, TEXT.replace("steps: 9", f"steps: {number}"))
