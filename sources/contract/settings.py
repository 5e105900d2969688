"""The published settings, what a configuration file changes in them, and what it may.

The settings of a source are a named tuple whose defaults are the published values.
A configuration states only what differs.
"""

import difflib
import json
import numbers
import sys
from collections import OrderedDict, namedtuple

from . import atomic, comments
from .errors import BadInput
from .text import quoted

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def read_config(path):
    """Read a JSON configuration file: a dict of settings that differ; an empty dict if `path` is None."""
    if path is None:
        return {}
    try:
        config = atomic.read_json(path)
    except (IOError, OSError) as error:
        raise BadInput("--config %s: %s" % (path, error.strerror))
    except ValueError as error:
        raise BadInput("--config %s: not JSON (%s)" % (path, error))
    if not isinstance(config, dict):
        raise BadInput("--config %s: expected an object {setting: value}, found %s" % (path, type(config).__name__))
    return config


def read(published, allowed, path):
    """The named tuple `published` with what the JSON file `path` (or None) changes; see `change` and `check`."""
    settings = change(published, read_config(path))
    check(settings, allowed)
    return settings


def change(published, differences):
    """The named tuple `published` with the values of the dict `differences`.

    Raises BadInput for a setting that does not exist (naming the nearest one) or has another type.
    """
    changed = {}
    for name in sorted(differences):
        if name not in published._fields:
            raise BadInput("setting %s: there is no such setting; %s" % (name, _suggestion(name, published._fields)))
        changed[name] = _typed(name, differences[name], getattr(published, name))
    return published._replace(**changed)


class Range(namedtuple("Range", "least above below most")):
    """Numbers from `least` on, or above `above`, less than `below`, or up to `most`; None: without that end."""

    def __new__(cls, least=None, above=None, below=None, most=None):
        return super(Range, cls).__new__(cls, least, above, below, most)

    def __contains__(self, value):
        return ((self.least is None or value >= self.least)
                and (self.above is None or value > self.above)
                and (self.most is None or value <= self.most)
                and value < (float("inf") if self.below is None else self.below))

    def __str__(self):
        if self.least is not None and self.most is not None:
            return "%s to %s" % (self.least, self.most)
        ends = (("%s or more", self.least), ("a number above %s", self.above),
                ("less than %s", self.below), ("%s or less", self.most))
        return " and ".join(text % end for text, end in ends if end is not None)

    def schema(self):
        """The same in the words of JSON Schema."""
        ends = (("minimum", self.least), ("exclusiveMinimum", self.above),
                ("exclusiveMaximum", self.below), ("maximum", self.most))
        return dict((word, end) for word, end in ends if end is not None)


class OneOf(tuple):
    """One of these values."""

    def __str__(self):
        return " or ".join(map(str, self))

    def schema(self):
        """The same in the words of JSON Schema."""
        return {"enum": list(self)}


class Each(namedtuple("Each", "range")):
    """Lists of one number or more, each in a Range."""

    def __contains__(self, value):
        return len(value) > 0 and all(item in self.range for item in value)

    def __str__(self):
        return "a list of numbers, each %s" % (self.range,)

    def schema(self):
        """The same in the words of JSON Schema, but for the type of the numbers."""
        return {"minItems": 1, "items": self.range.schema()}


COUNT = Range(least=1)
NOT_NEGATIVE = Range(least=0)
POSITIVE = Range(above=0)
SHARE = Range(least=0, below=1)
# In which the networks compute; weights and losses are float32 always. tf32: where the GPU has it, else float32.
PRECISION = OneOf(["float32", "tf32", "bfloat16"])


def check(settings, allowed):
    """Raise BadInput for a value of `settings`, a named tuple, that is not allowed.

    allowed: {name: Range of a number, Each of a list, or OneOf}; a number that is not named may not
    be negative.
    """
    for name, value in settings._asdict().items():
        limit = _limit(value, allowed.get(name))
        if limit is not None and value not in limit:
            shown = list(value) if isinstance(value, tuple) else value
            raise BadInput("setting %s: expected %s, found %s" % (name, limit, quoted(shown)))


def schema(published, allowed):
    """The JSON Schema of what may differ from `published`, a named tuple. allowed: as in `check`.

    A setting is described by the comment beside its name in the source of the named tuple.
    """
    told = comments.beside_fields(type(published))
    properties = OrderedDict((name, _property(value, _limit(value, allowed.get(name)), told.get(name)))
                             for name, value in zip(published._fields, published))
    return OrderedDict([("$schema", _DRAFT), ("type", "object"), ("additionalProperties", False),
                        ("properties", properties)])


def show(schemas):
    """The verb settings: print {verb: JSON Schema of its --config}, one JSON object."""
    sys.stdout.write(json.dumps(schemas, indent=1, separators=(",", ": ")) + "\n")


def _property(value, limit, description):
    if isinstance(value, tuple):
        said = {"type": "array", "items": {}}
    else:
        said = {"type": _type(value)} if value is not None else {}
    said.update(limit.schema() if limit is not None else {})
    if isinstance(value, tuple):
        said["items"] = dict(said["items"], type=_type(value[0]))
    said["default"] = value
    if description:
        said["description"] = description
    return said


def _type(value):
    kinds = (("boolean", bool), ("integer", numbers.Integral), ("number", numbers.Real))
    return next((word for word, kind in kinds if isinstance(value, kind)), "string")


def _limit(value, stated):
    """What a value is held to; None where anything of its type will do."""
    if isinstance(stated, OneOf):
        return stated
    if isinstance(value, tuple):
        return stated or Each(NOT_NEGATIVE)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return stated or NOT_NEGATIVE
    return None


def _suggestion(name, known):
    near = difflib.get_close_matches(name, known, 1)
    return "did you mean %s?" % near[0] if near else "the settings are %s" % ", ".join(known)


def _typed(name, value, example):
    """`value` in the type of the published value; a whole number may stand for a real one, and 2.0 for 2."""
    if example is None:
        return value
    if isinstance(example, tuple) and isinstance(value, list):
        return tuple(_typed(name, item, example[0]) for item in value)
    if isinstance(example, bool) or isinstance(value, bool):
        fits = isinstance(value, bool) and isinstance(example, bool)
    elif isinstance(example, numbers.Integral):
        fits = isinstance(value, numbers.Integral) or isinstance(value, float) and value.is_integer()
    elif isinstance(example, numbers.Real):
        fits = isinstance(value, numbers.Real)
    else:
        fits = isinstance(value, type(u"")) or isinstance(value, type(example))
    if not fits or isinstance(example, tuple):
        raise BadInput("setting %s: expected a value like %r, found %s" % (name, example, quoted(value)))
    return type(example)(value)
