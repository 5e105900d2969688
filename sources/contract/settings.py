"""The published settings, and what a configuration file changes in them.

The settings of a source are a named tuple whose defaults are the published values.
A configuration states only what differs.
"""

import difflib
import numbers
from collections import namedtuple

from . import atomic
from .errors import BadInput
from .text import quoted


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


class Range(namedtuple("Range", "least above below")):
    """Numbers from `least` on, or above `above`, and less than `below`; None: without that end."""

    def __new__(cls, least=None, above=None, below=None):
        return super(Range, cls).__new__(cls, least, above, below)

    def __contains__(self, value):
        return ((self.least is None or value >= self.least)
                and (self.above is None or value > self.above)
                and value < (float("inf") if self.below is None else self.below))

    def __str__(self):
        ends = (("%s or more", self.least), ("a number above %s", self.above),
                ("less than %s", self.below))
        return " and ".join(text % end for text, end in ends if end is not None)


COUNT = Range(least=1)
NOT_NEGATIVE = Range(least=0)
POSITIVE = Range(above=0)


def check_ranges(settings, ranges):
    """Raise BadInput for a number of `settings`, a named tuple, that is not in its range.

    ranges: {name: Range}; a setting that is not named may not be negative.
    """
    for name, value in settings._asdict().items():
        allowed = ranges.get(name, NOT_NEGATIVE)
        if isinstance(value, numbers.Real) and not isinstance(value, bool) and value not in allowed:
            raise BadInput("setting %s: expected %s, found %r" % (name, allowed, value))


def _suggestion(name, known):
    near = difflib.get_close_matches(name, known, 1)
    return "did you mean %s?" % near[0] if near else "the settings are %s" % ", ".join(known)


def _typed(name, value, example):
    """`value` in the type of the published value; a whole number may stand for a real one."""
    if example is None or value is None:
        return value
    if isinstance(example, bool) or isinstance(value, bool):
        fits = isinstance(value, bool) and isinstance(example, bool)
    elif isinstance(example, numbers.Integral):
        fits = isinstance(value, numbers.Integral)
    elif isinstance(example, numbers.Real):
        fits = isinstance(value, numbers.Real)
    elif isinstance(example, tuple):
        fits = isinstance(value, list)
    else:
        fits = isinstance(value, type(u"")) or isinstance(value, type(example))
    if not fits:
        raise BadInput("setting %s: expected a value like %r, found %s" % (name, example, quoted(value)))
    return type(example)(value)
