"""Settings of the baselines: what is not a range of one number."""

import numbers

from sources.contract import settings
from sources.contract.errors import BadInput

_COUNTS = dict.fromkeys(("batch", "checkpoint_every"), settings.COUNT)


def read(published, path, ranges=None, grids=None, choices=None):
    """The published settings with the differences of a configuration file.

    ranges: {name: Range} of numbers. grids: {name: Range} of lists of numbers. choices: {name:
    words}. Raises BadInput for what does not fit.
    """
    chosen = settings.change(published, settings.read_config(path))
    settings.check_ranges(chosen, {**_COUNTS, **(ranges or {})})
    for name, allowed in (grids or {}).items():
        _check_grid(name, getattr(chosen, name), getattr(published, name), allowed)
    for name, words in (choices or {}).items():
        if getattr(chosen, name) not in words:
            raise BadInput(f"setting {name}: expected {' or '.join(words)}, "
                           f"found {getattr(chosen, name)!r}")
    return chosen


def _check_grid(name, values, published, allowed):
    kind = numbers.Integral if isinstance(published[0], int) else numbers.Real
    fits = (isinstance(value, kind) and not isinstance(value, bool) and value in allowed
            for value in values)
    if not values or not all(fits):
        what = "whole numbers" if kind is numbers.Integral else "numbers"
        raise BadInput(f"setting {name}: expected a list of {what}, each {allowed}, "
                       f"found {list(values)!r}")
