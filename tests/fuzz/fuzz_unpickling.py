"""Fuzzes the restricted unpickler and the importers that stand on it.

    python tests/fuzz/fuzz_unpickling.py [--count 10000] [--seed 0] [READER ...]

READER: unpickling, progan, attribution. Each gets `count` inputs: damaged bytes, opcodes and objects
of valid checkpoints, some of which would run a command. What is wrong: docs/fuzzing.md.
"""

import copy
import importlib
import pickle
import random
import sys
import types
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sources.contract import unpickling  # noqa: E402 - found by the line above
from tests.fuzz import hostile  # noqa: E402
from tests.fuzz.fuzzing import Runner, main  # noqa: E402

_PARITY = ROOT / "tests" / "fixtures" / "parity"
_EXAMPLES = {
    "unpickling": ("progan-32",),
    "progan": ("progan-32",),
    "attribution": ("classifier-32-postpool16", "visnet-32"),
}
_MODULES = {"progan": "sources.progan.import_", "attribution": "attribution.import_"}


class Network:
    """Pickles as a tfutil.Network, once `fake_module` has been called."""


def fake_module():
    """Make `tfutil.Network` a class that pickles here."""
    module = types.ModuleType("tfutil")
    module.Network, Network.__module__, Network.__qualname__ = Network, "tfutil", "Network"
    sys.modules["tfutil"] = module


def reader_of(name):
    """(reader, paths of its examples) of READER as the command line gives it."""
    paths = [_PARITY / case / "network.pkl" for case in _EXAMPLES[name]]
    if name == "unpickling":
        return (lambda path, out: unpickling.load(str(path), [hostile.CLASS])), paths
    verb = importlib.import_module(_MODULES[name])

    def read(path, out):
        verb.import_(types.SimpleNamespace(checkpoint=str(path), out=str(out), resolution=None))

    return read, paths


def inputs(paths, seed, count):
    """Yield `count` damaged pickles, a function of the files and the seed alone."""
    chance = random.Random(seed)
    contents = [path.read_bytes() for path in paths]
    small = [pickle.dumps(_shrunk(_states(path)), protocol) for path in paths for protocol in (2, 4, 5)]
    states = [_states(path) for path in paths]
    for _ in range(count):
        kind = chance.random()
        if kind < 0.1:
            yield hostile.mutated(chance, contents)
        elif kind < 0.5:
            yield hostile.mutated(chance, small)
        else:
            chosen = hostile.with_hostile_object(chance, copy.deepcopy(chance.choice(states)))
            content = hostile.dumps(chance, _networks(chosen))
            yield hostile.mutated(chance, [content]) if chance.random() < 0.1 else content


def fuzz(name, seed, count):
    """Run one reader; returns (accepted, refused, [(what was wrong, the input)])."""
    reader, paths = reader_of(name)
    with Runner(reader) as runner:
        for path in paths:  # loads what is loaded late, and proves that the examples are valid
            reader(path, runner.folder / "warm" / path.parent.name)
        return runner.feed_all(inputs(paths, seed, count))


def _states(path):
    content = unpickling.load(str(path), [hostile.CLASS])
    records = content if isinstance(content, tuple) else [content]
    return [record.state for record in records]


def _shrunk(states):
    """Networks with hardly any numbers in them, so that damage hits what matters."""
    short = [dict(state, variables=[(name, value[:1]) if value.ndim else (name, value)
                                    for name, value in state["variables"][:4]]) for state in states]
    return _networks(short)


def _networks(states):
    networks = tuple(_network(state) if isinstance(state, dict) else state for state in states)
    return networks[0] if len(networks) == 1 else networks


def _network(state):
    network = Network()
    network.__dict__ = state
    return network


if __name__ == "__main__":
    fake_module()
    main(__doc__, {name: partial(fuzz, name) for name in sorted(_EXAMPLES)}, "input.pkl")
