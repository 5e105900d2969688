"""What each of the two GANs has to itself, and that nothing loads PyTorch before it is needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
EARLY = """
import importlib, sys
for name in ("__main__", {name!r}, {verb!r}):
    importlib.import_module("sources.cramer_mmd." + name)
sys.exit("torch" in sys.modules)
"""


@pytest.mark.parametrize("name", ["cramergan", "mmdgan"])
@pytest.mark.parametrize("verb", ["train", "generate", "import_", "export", "check"])
def test_no_module_of_a_verb_loads_pytorch(name, verb):
    code = EARLY.format(name=name, verb=verb)
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("words", [[], ["train"], ["progan", "train"], ["--help"]])
def test_without_one_of_its_two_names_it_is_one_line(words):
    ended = subprocess.run(
        [sys.executable, "-m", "sources.cramer_mmd", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert "expected cramergan or mmdgan first" in ended.stderr
