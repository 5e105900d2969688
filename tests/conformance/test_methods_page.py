"""docs/methods.md and the README of the example against the code that keeps them."""

import argparse
import json
import re
from pathlib import Path

import numpy as np

from orchestration import manifest, plan
from sources.contract import methods as contract
from tests.conformance import method_trial, methods
from tests.contract.test_methods import answered

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = (REPOSITORY / "docs/methods.md").read_text()
README = (REPOSITORY / "examples/own_method/README.md").read_text()


def test_every_verb_and_argument_is_on_the_page():
    verbs = contract.new_parser("method", "", start=True)[1]
    assert isinstance(verbs, argparse._SubParsersAction)
    assert set(verbs.choices) == set(re.findall(r"^\| `(\w+)` \| (?:`--|nothing)", PAGE,
                                                re.MULTILINE))
    for parser in verbs.choices.values():
        for action in parser._actions:
            assert action.option_strings[-1] in PAGE + "--help"


def test_the_files_that_are_judged_are_on_the_page():
    assert set(re.findall(r"^\| `(\w+)\.npy`", PAGE, re.MULTILINE)) == set(method_trial.ROWS)


def test_the_answer_that_is_shown_has_the_keys_that_are_written(tmp_path):
    shown = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
    written = answered(tmp_path, [{"scores": np.zeros((4, 2), np.float32)}])
    assert set(shown) == set(written)
    for part in ("sets", "predictions"):
        assert set(shown[part][0]) == set(written[part][0])


def test_the_readme_of_the_example_shows_what_the_test_prints():
    shown = re.findall(r"^ok    (\w+)$", README, re.MULTILINE)
    assert shown == [check.__name__ for check in methods.CHECKS]


def test_the_entry_of_the_example_adds_a_method_to_the_demo_and_changes_nothing_else(tmp_path):
    demo = (REPOSITORY / "manifests/demo.yaml").read_text()
    entry = re.search(r"```yaml\nmethods:\n(.*?)```", README, re.DOTALL)[1]
    (tmp_path / "demo.yaml").write_text(demo.replace("methods:\n", "methods:\n" + entry))
    before, after = ({stage.name: stage for stage in plan.expand(manifest.read(path)).stages}
                     for path in (REPOSITORY / "manifests/demo.yaml", tmp_path / "demo.yaml"))
    added = {name: stage for name, stage in after.items() if name.startswith("Spectra/")}
    assert added["Spectra/train"].command[0] == "train"
    assert added["Spectra/train"].config == {"steps": 2000}
    assert {stage.image for stage in added.values()} == {"somebody/spectra"}
    assert all(after[name] == stage for name, stage in before.items()
               if name.endswith(("/train", "/generate", "/attribute")))


def test_the_example_is_small():
    assert len((REPOSITORY / "examples/own_method/spectra.py").read_text().splitlines()) < 150
