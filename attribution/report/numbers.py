"""How the report writes numbers."""

import math

from experiments.parts import percent

_SHARES = ("accuracy", "recall", "precision", "share", "rate", "confidence")


def finite(values):
    """Whether all of `values` are numbers that can be drawn."""
    return all(value is not None and math.isfinite(value) for value in values)


def shown(value):
    """A number with three digits that count; whole ones with all of theirs."""
    if value is None or not math.isfinite(value):
        return "–"
    whole = float(value).is_integer() and abs(value) < 1e9
    return (f"{value:,.0f}" if whole or abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")


def writer(axis, values):
    """The function that writes values of an axis: in percent where its name speaks of a share."""
    are_shares = all(0 <= value <= 1 for value in values)
    return _percent if are_shares and any(word in axis.lower() for word in _SHARES) else shown


def _percent(share):
    return f"{100 * share:.0f} %" if round(100.0 * share, 6).is_integer() else percent(share)
