"""A short run of fuzz_unpickling.py, and proof that it would see what it looks for."""

import itertools
import os
import pickle
import sys

import pytest

from tests.fuzz import fuzz_unpickling, hostile
from tests.fuzz.fuzzing import Runner


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    """A command that does run leaves its file in a folder of the test's own; tfutil is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    fuzz_unpickling.fake_module()
    yield
    del sys.modules["tfutil"]


@pytest.mark.parametrize("reader", ["unpickling", "progan", "attribution"])
def test_a_few_hundred_inputs(reader):
    accepted, refused, failures = fuzz_unpickling.fuzz(reader, seed=0, count=300)
    assert [wrong for wrong, _ in failures] == []
    assert accepted + refused == 300 and refused > 150


def test_the_same_seed_makes_the_same_inputs():
    _, paths = fuzz_unpickling.reader_of("progan")
    one, same, other = (list(fuzz_unpickling.inputs(paths, seed, 30)) for seed in (0, 0, 1))
    assert one == same != other


def load(path, out):
    pickle.loads(path.read_bytes())  # noqa: S301 - the reader that must be caught


READERS = {
    "forbidden: pickle.find_class": load,
    "forbidden: os.system": lambda path, out: os.system("touch elsewhere"),
    "forbidden: open": lambda path, out: (path.parent / "elsewhere").write_text("x"),
    "forbidden: os.mkdir": lambda path, out: (path.parent / "elsewhere").mkdir(),
    "KeyError": lambda path, out: {}["x"],
    "took more than": lambda path, out: [None for number in itertools.count() if number < 0],
}


@pytest.mark.parametrize("wrong", sorted(READERS))
def test_what_is_wrong_is_seen(wrong):
    with Runner(READERS[wrong], seconds=0.5) as runner:
        assert runner.feed(pickle.dumps(hostile.Command())).startswith(wrong)


def test_what_is_right_passes(tmp_path):
    def reader(path, out):
        out.mkdir()
        (out / "model.json").write_text(path.read_text())

    with Runner(reader) as runner:
        assert runner.feed(b"{}") is None and runner.accepted == 1
