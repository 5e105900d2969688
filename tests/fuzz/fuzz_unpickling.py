"""Fuzzes the restricted unpickler and the importers that stand on it.

    python tests/fuzz/fuzz_unpickling.py [--count 10000] [--seed 0] [READER ...]

READER: unpickling, progan, attribution, or MODULE:EXAMPLE.pkl for any module with a function
import_. Each gets `count` inputs: damaged bytes, opcodes and objects of valid checkpoints, some of
which would run a command. It ends with status 1, and leaves the input in the current folder, if one
of them does anything but succeed or raise BadInput, writes outside of its folder, runs or imports
anything, takes longer than 20 seconds, or if all together take more than 1 GiB of memory.
"""

import argparse
import copy
import importlib
import pickle
import random
import resource
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sources.contract import unpickling  # noqa: E402 - found by the line above
from tests.fuzz import hostile  # noqa: E402
from tests.fuzz.fuzzing import Runner  # noqa: E402

_PARITY = ROOT / "tests" / "fixtures" / "parity"
_EXAMPLES = {
    "unpickling": ("progan-32",),
    "progan": ("progan-32",),
    "attribution": ("classifier-32-postpool16", "visnet-32"),
}
_MODULES = {"progan": "sources.progan.import_", "attribution": "attribution.import_"}
_MEMORY = 1 << 30


class Network:
    """Pickles as a tfutil.Network, once `fake_module` has been called."""


def fake_module():
    """Make `tfutil.Network` a class that pickles here."""
    module = types.ModuleType("tfutil")
    module.Network, Network.__module__, Network.__qualname__ = Network, "tfutil", "Network"
    sys.modules["tfutil"] = module


def reader_of(name):
    """(reader, paths of its examples) of READER as the command line gives it."""
    module, _, example = name.partition(":")
    paths = [Path(example)] if example else [_PARITY / case / "network.pkl" for case in _EXAMPLES[name]]
    if name == "unpickling":
        return (lambda path, out: unpickling.load(str(path), [hostile.CLASS])), paths
    verb = importlib.import_module(_MODULES.get(module, module))

    def read(path, out):
        verb.import_(types.SimpleNamespace(checkpoint=str(path), out=str(out), resolution=None))

    return read, paths


def inputs(paths, seed, count):
    """Yield `count` damaged pickles, a function of the files and the seed alone."""
    chance = random.Random(seed)
    contents = [path.read_bytes() for path in paths]
    small = [pickle.dumps(_shrunk(_states(path)), 4) for path in paths]
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
    failures = []
    with Runner(reader) as runner:
        for path in paths:  # loads what is loaded late, and proves that the examples are valid
            reader(path, runner.folder / "warm" / path.parent.name)
        for content in inputs(paths, seed, count):
            wrong = runner.feed(content)
            if wrong:
                failures.append((wrong, content))
    return runner.accepted, runner.refused, failures


def main():
    """Fuzz the readers that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="*", metavar="READER", default=sorted(_EXAMPLES))
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    fake_module()
    found = False
    for name in arguments.readers:
        accepted, refused, failures = fuzz(name, arguments.seed, arguments.count)
        print(f"{name}: {accepted} accepted, {refused} refused, {len(failures)} failures")
        for number, (wrong, content) in enumerate(failures[:20]):
            kept = Path(f"failure-{number}.pkl")
            kept.write_bytes(content)
            print(f"  {kept}: {wrong}")
        found = found or bool(failures)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"peak memory: {peak >> 20} MiB")
    sys.exit(1 if found or peak > _MEMORY else 0)


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
    main()
