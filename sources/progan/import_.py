"""The verb import: reads the checkpoints of the published implementation. No TensorFlow.

A checkpoint is the pickle of a tuple (G, D, Gs): the generator, the discriminator and the moving average of
the generator. Nothing in it is run (sources.contract.unpickling), and every name, type and shape is checked.
"""

from pathlib import Path

import numpy as np

from sources.contract import events, imagesets, importing, unpickling
from sources.contract.errors import BadInput
from sources.contract.pickled import describe

from . import settings, variables
from .model import ARCHITECTURE, BLOCK, VALUE_RANGE
from .settings import LARGEST, Network

CLASSES = frozenset(("tfutil.Network", "network.Network"))
_PARTS = (("generator", "G_paper"), ("discriminator", "D_paper"), ("generator_average", "G_paper"))
_SHAPES = {"G_paper": variables.generator_shapes, "D_paper": variables.discriminator_shapes}
_MOST = 2 ** 20  # feature maps, classes: no network has more
_RANGES = {"resolution": (4, LARGEST), "label_size": (0, _MOST), "latent_size": (1, _MOST),
           "fmap_base": (1, _MOST), "fmap_decay": (0, 16), "fmap_max": (1, _MOST),
           "pixelnorm_epsilon": (0, 1), "mbstd_group_size": (0, _MOST)}
_REQUIRED = ("num_channels", "resolution", "label_size")
_FIXED = {"num_channels": 3, "dtype": "float32"}
_OTHERS = {"C_patch": "a classifier", "EG": "a visualisation network"}  # both are the attribution's to import
_WITHOUT_EFFECT = ("structure", "is_template_graph")  # how the graph is built, not what it computes


def import_(arguments):
    """Make a model from a checkpoint. Raises BadInput, and writes nothing, if it is not one of ProGAN."""
    path = arguments.checkpoint
    networks, weights = read(path)
    described = {part: network._asdict() for part, network in networks.items()}
    importing.write(arguments, {"file": Path(path).name, "sha256": imagesets.hash_file(path)},
                    networks["generator"].resolution, ARCHITECTURE, weights=weights,
                    settings=described, networks=described, block=BLOCK, value_range=VALUE_RANGE)


def read(path):
    """({"generator": Network, "discriminator": Network}, {part/name: float32 array}) of a checkpoint.

    Raises BadInput for anything but three whole networks that belong together.
    """
    records = _records(path, unpickling.load(path, CLASSES))
    networks, weights = {}, {}
    for (part, function), record in zip(_PARTS, records, strict=True):
        where = "%s: %s" % (path, part)
        state = _state(where, record, function)
        networks[part] = _network(where, state["static_kwargs"])
        shapes = _SHAPES[function](networks[part])
        found = _named(where, state["variables"])
        for name, value in importing.check(where, found, shapes).items():
            weights["%s/%s" % (part, name)] = value
    _check_together(path, networks)
    del networks["generator_average"]
    return networks, weights


def _records(path, content):
    if isinstance(content, unpickling.Record):
        raise BadInput("%s: holds one network (%s), where a ProGAN checkpoint holds three, (G, D, Gs)%s"
                       % (path, _function(content), _other_door(content)))
    if not isinstance(content, (tuple, list)) or len(content) != 3 \
            or not all(isinstance(item, unpickling.Record) for item in content):
        raise BadInput("%s: expected a tuple of three networks, (G, D, Gs), found %s" % (path, describe(content)))
    return content


def _function(record):
    return describe(record.state.get("build_func_name") if isinstance(record.state, dict) else None)


def _other_door(record):
    """Who imports a network that is none of ProGAN's, as the end of a sentence; nothing if nobody is known."""
    other = next((words for name, words in _OTHERS.items() if _function(record) == repr(name)), None)
    return "; %s is imported by the attribution" % other if other else ""


def _state(where, record, function):
    state = record.state
    if not isinstance(state, dict):
        raise BadInput("%s: a network without a state" % where)
    if "version" not in state:
        raise BadInput("%s: written by the first, Theano implementation of ProGAN, which is not read here; fetch the "
                       "checkpoint of its TensorFlow implementation" % where)
    if describe(state["version"]) != "2":
        raise BadInput("%s: version %s of the format, where 2 is expected" % (where, describe(state["version"])))
    if _function(record) != repr(function):
        raise BadInput("%s: its network is %s, where %s is expected%s"
                       % (where, _function(record), function, _other_door(record)))
    for key, kind in (("static_kwargs", dict), ("variables", (list, tuple))):
        if not isinstance(state.get(key), kind):
            raise BadInput("%s: no %s in it" % (where, key))
    return state


def _network(where, given):
    for name in _REQUIRED:
        if name not in given:
            raise BadInput("%s: the setting %s is missing" % (where, name))
    known = {}
    for name, value in given.items():
        value = value.item() if isinstance(value, np.generic) else value
        if name in _FIXED:
            _check_fixed(where, name, value)
        elif name in Network._fields:
            known[name] = _setting(where, name, value)
        elif name not in _WITHOUT_EFFECT:
            events.warning("%s: the unknown setting %s is ignored, as the published program does"
                           % (where, describe(name)))
    network = Network(**known)
    try:
        settings.check(network)
    except BadInput as error:
        raise BadInput("%s: %s" % (where, error)) from None
    return network


def _check_fixed(where, name, value):
    if describe(value) != repr(_FIXED[name]):
        raise BadInput("%s: %s is %s; only %r is supported" % (where, name, describe(value), _FIXED[name]))


def _setting(where, name, value):
    default = Network._field_defaults.get(name, 0)
    if name == "latent_size" and value is None:
        return None
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise BadInput("%s: %s is %s; expected True or False" % (where, name, describe(value)))
    kinds = (int, float) if Network.__annotations__[name] is float else int
    low, high = _RANGES[name]
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        raise BadInput("%s: %s is %s; expected a number from %d to %d" % (where, name, describe(value), low, high))
    return value


def _named(where, listed):
    """{name: what stands there} of a list of pairs."""
    values = {}
    for item in listed:
        if not isinstance(item, tuple) or len(item) != 2 or not isinstance(item[0], str) or item[0] in values:
            raise BadInput("%s: the list of its variables is damaged" % where)
        values[item[0]] = item[1]
    return values


def _check_together(path, networks):
    if networks["generator"] != networks["generator_average"]:
        raise BadInput("%s: the third network is no moving average of the first: their settings differ" % path)
    for name in ("resolution", "label_size"):
        first, second = (getattr(networks[part], name) for part in ("generator", "discriminator"))
        if first != second:
            raise BadInput("%s: %s is %d in the generator and %d in the discriminator" % (path, name, first, second))
