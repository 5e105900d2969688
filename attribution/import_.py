"""The verb import: published pickles of the classifier and of the visualisation network.

Read without TensorFlow and without running anything of the file. What a file does not say takes the
published value.
"""

import numbers
from pathlib import Path

import numpy as np

from attribution import networks
from attribution.settings import MODES, PUBLISHED, check_sizes
from sources.contract import imagesets, importing, unpickling
from sources.contract.errors import BadInput
from sources.contract.pickled import describe

_NETWORK_CLASSES = ("tfutil.Network", "network.Network")
_LABEL_NAMES = {5: ["real", "ProGAN", "SNGAN", "CramerGAN", "MMDGAN"],
                11: ["real"] + [f"ProGAN seed {seed}" for seed in range(10)]}
# Keywords that would change a network, with the only value that is built here.
_FIXED = {"num_channels": networks.COLOURS, "fmap_decay": 1, "use_wscale": True,
          "use_pixelnorm": False, "fused_scale": False}
_WHOLE = ("switching_res", "latent_res", "fmap_base", "fmap_max")
# The published programs ignore any other.
_KEYWORDS = (*_FIXED, *_WHOLE, "mode", "resolution", "label_size")


def import_(arguments):
    """Make a model from a published pickle."""
    path = arguments.checkpoint
    content = unpickling.load(path, _NETWORK_CLASSES)
    try:
        is_visnet = isinstance(content, (tuple, list)) and len(content) == 3
        model = _visnet(*content) if is_visnet else _classifier(content)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    count = model["labels"]
    model["labels"] = _LABEL_NAMES.get(count) or [f"label {number}" for number in range(count)]
    importing.write(
        arguments, checkpoint={"file": Path(path).name, "sha256": imagesets.hash_file(path)},
        **model)


def _classifier(record):
    part = _Part(record, "C_patch")
    settings = part.settings("classifier")
    layers = networks.classifier(settings, part.resolution, part.labels)
    weights = part.weights(networks.variables(layers))
    return {"architecture": "classifier", "settings": settings._asdict(),
            "resolution": part.resolution, "labels": part.labels, "weights": weights}


def _visnet(*records):
    """EG, D_rec and EGs; the names of weights begin with these words."""
    encoder, critic, average = map(_Part, records, ("EG", "D_patch", "EG"))
    if encoder.keywords != average.keywords or encoder.resolution != critic.resolution:
        raise BadInput("EG, D_rec and EGs do not belong together: their settings differ")
    settings, critic_settings = encoder.settings("visnet"), critic.settings("visnet")
    settings = settings._replace(code_width=encoder.code_width(settings))
    shapes = networks.visnet_variables(settings, encoder.resolution, encoder.labels)
    critic_shapes = networks.variables(networks.critic(critic_settings, critic.resolution))
    weights = {f"{name}/{variable}": value
               for name, part, expected in (("EG", encoder, shapes), ("EGs", average, shapes),
                                            ("D_rec", critic, critic_shapes))
               for variable, value in part.weights(expected).items()}
    return {"architecture": "visnet", "settings": settings._asdict(),
            "resolution": encoder.resolution, "labels": encoder.labels, "weights": weights,
            "critic": {"fmap_base": critic_settings.fmap_base,
                       "fmap_max": critic_settings.fmap_max}}


class _Part:
    """One network of a file, `function` the published function that builds it."""

    def __init__(self, record, function):
        state = record.state if isinstance(record, unpickling.Record) else None
        if not isinstance(state, dict) or not isinstance(state.get("static_kwargs"), dict):
            raise BadInput("neither a classifier nor a visualisation network (EG, D_rec, EGs)")
        if describe(state.get("build_func_name")) != repr(function):
            raise BadInput(f"holds the network {describe(state.get('build_func_name'))} where "
                           f"{function} is expected; a ProGAN is imported by its own source")
        self.function, self._variables = function, state.get("variables")
        self.keywords = {name: state["static_kwargs"][name] for name in _KEYWORDS
                         if name in state["static_kwargs"]}
        for name, value in self.keywords.items():
            if not _is_short(value):
                raise BadInput(
                    f"{function}: {name} is {describe(value)}; expected a number or a word")
            if name in _FIXED and value != _FIXED[name]:
                raise BadInput(
                    f"{function}: {name} is {value!r}; only {_FIXED[name]!r} is supported")
        self.resolution = self._whole("resolution", 0)
        self.labels = self._whole("label_size", 0)
        if function != "D_patch" and self.labels < 1:
            raise BadInput(f"{function}: label_size is {self.labels}; expected 1 or more")

    def settings(self, network):
        """The settings that the keywords imply."""
        base = PUBLISHED[network]
        mode = self.keywords.get("mode", base.mode)
        if mode not in MODES:
            raise BadInput(f"{self.function}: mode is {mode!r}; expected {' or '.join(MODES)}")
        settings = base._replace(
            mode=mode, **{name: self._whole(name, getattr(base, name)) for name in _WHOLE})
        check_sizes(settings, self.resolution)
        return settings

    def code_width(self, settings):
        """Channels between encoder and generator, which the keywords do not tell; 0 if as usual."""
        last = networks.latent_size(settings)
        layer = "Dense1" if settings.latent_res == -1 else "Conv1"
        bias = self._found().get(f"E_{last}x{last}/{layer}/bias")
        usual = networks.width_at(settings, last)
        return 0 if bias is None or bias.shape == (usual,) else bias.size

    def weights(self, shapes):
        """{name: float32 array}; raises BadInput unless they are exactly those of `shapes`."""
        return importing.check(self.function, self._found(), shapes)

    def _found(self):
        """{name: array} of the file."""
        pairs = self._variables
        if not isinstance(pairs, list) or not all(map(_is_named_array, pairs)):
            raise BadInput(f"{self.function}: its variables are no list of (name, float32 array)")
        if len(dict(pairs)) != len(pairs):
            raise BadInput(f"{self.function}: two variables have the same name")
        return dict(pairs)

    def _whole(self, name, default):
        value = self.keywords.get(name, default)
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise BadInput(f"{self.function}: {name} is {value!r}; expected a whole number")
        return int(value)


def _is_short(value):
    """Whether `value` is quickly compared and printed; in a hostile file it may not be."""
    if isinstance(value, int):
        return value.bit_length() <= 64
    return isinstance(value, float) or isinstance(value, str) and len(value) <= 60


def _is_named_array(pair):
    return (isinstance(pair, (tuple, list)) and len(pair) == 2 and isinstance(pair[0], str)
            and isinstance(pair[1], np.ndarray) and pair[1].dtype == np.float32)
