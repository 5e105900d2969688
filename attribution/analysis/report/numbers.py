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


def clean(part):
    """A part without the rows, samples and points that cannot be drawn."""
    kind = type(part).__name__
    if kind == "Bars":
        return part._replace(rows=[row for row in part.rows if finite(row[1:])])
    if kind in ("Lines", "Points"):
        series = [(name, [one for one in samples if finite(one)]) for name, samples in part.series]
        return part._replace(series=[(name, samples) for name, samples in series if samples])
    return part


def writer(part):
    """The function that writes the values of clean Lines or Bars: in percent where y names a share."""
    rows = part.rows if type(part).__name__ == "Bars" else [
        sample for _, samples in part.series for sample in samples]
    are_shares = all(0 <= value <= 1 for row in rows for value in row[1:])
    return _percent if are_shares and any(word in part.y.lower() for word in _SHARES) else shown


def _percent(share):
    return f"{100 * share:.0f} %" if round(100.0 * share, 6).is_integer() else percent(share)
