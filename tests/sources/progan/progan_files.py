"""The parity case, checkpoints in the published format, small image sets, and a way to call the source."""

import json
import os
import pickle
import subprocess
import sys
import types
import unittest.mock
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sources.contract import imagesets
from sources.progan import import_, variables
from sources.progan.settings import Network

ROOT = Path(__file__).parents[3]
PARITY = ROOT / "tests" / "fixtures" / "parity" / "progan-32"
TINY = Network(resolution=8, fmap_base=32, fmap_max=8)


class Case(NamedTuple):
    """A published checkpoint with the numbers the published program computes from it; images are NHWC."""

    network: Network
    generator: dict
    discriminator: dict
    average: dict
    numbers: dict


def parity_case():
    """The shared case."""
    networks, weights = import_.read(str(PARITY / "network.pkl"))
    numbers = {}
    with np.load(PARITY / "io.npz") as archive:
        for name, value in archive.items():
            images = value.ndim == 4 and value.dtype == np.float32 and "/" not in name and value.shape[1] == 3
            numbers[name] = np.ascontiguousarray(value.transpose(0, 2, 3, 1)) if images else value
    parts = [{name.split("/", 1)[1]: value for name, value in weights.items() if name.split("/")[0] == part}
             for part in ("generator", "discriminator", "generator_average")]
    return Case(networks["generator"], *parts, numbers)


def state_of(network, function, seed, **given):
    """The state of one network as the published program saves it, with random weights."""
    random = np.random.RandomState(seed)
    shapes = (variables.generator_shapes if function == "G_paper" else variables.discriminator_shapes)(network)
    values = [(name, (random.standard_normal(shape) * (1 if name.endswith("weight") else 0.1)).astype(np.float32))
              for name, shape in shapes.items()]
    values[0] = ("lod", np.float32(0))
    kwargs = {"num_channels": 3, "resolution": network.resolution, "label_size": network.label_size,
              "fmap_base": network.fmap_base, "fmap_max": network.fmap_max, **given}
    return {"version": 2, "name": function[0], "static_kwargs": kwargs, "build_module_src": "raise SystemExit(99)",
            "build_func_name": function, "variables": values}


def states_of(network, **given):
    """The states of (G, D, Gs)."""
    return [state_of(network, function, seed, **given)
            for seed, function in enumerate(("G_paper", "D_paper", "G_paper"))]


def write_checkpoint(path, content, protocol=4, module="tfutil"):
    """Pickle `content`, in which a state (a dict with build_func_name) becomes an instance of MODULE.Network."""
    kind = type("Network", (), {"__module__": module, "__qualname__": "Network"})
    parts = module.split(".")
    modules = {".".join(parts[:count]): types.ModuleType(module) for count in range(1, len(parts) + 1)}
    modules[module].Network = kind
    with unittest.mock.patch.dict(sys.modules, modules):
        Path(path).write_bytes(pickle.dumps(_objects(kind, content), protocol))
    return path


def _objects(kind, content):
    if isinstance(content, dict):
        network = kind()
        network.__dict__ = content
        return network
    return tuple(_objects(kind, item) for item in content) if isinstance(content, (list, tuple)) else content


def write_images(folder, count, resolution, seed=0):
    """An image set of smooth random images."""
    random = np.random.RandomState(seed)
    coarse = random.randint(0, 256, (count, resolution // 4, resolution // 4, 3)).astype(np.uint8)
    writer = imagesets.Writer(str(folder), count, resolution)
    writer.append(coarse.repeat(4, 1).repeat(4, 2))
    writer.finish("made", {"architecture": "real", "dataset": "made"}, {})
    return folder


def call(*arguments, **options):
    """python -m sources.progan ARGUMENTS: (status, events, standard error)."""
    ended = subprocess.run(words(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=600, **options)
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def words(*arguments):
    """The command line of a call."""
    return [sys.executable, "-m", "sources.progan", *map(str, arguments)]


def environment():
    """The environment of a call that keeps to one core."""
    return dict(os.environ, OMP_NUM_THREADS="1")
