"""The heatmaps of experiments.parts: shades of a colour, and of a second one below zero."""

from itertools import groupby

import numpy as np
from matplotlib.patches import Rectangle

from attribution.analysis.report import svg
from attribution.analysis.report.numbers import shown

CELLS = 400          # that are drawn one by one at most; more become a picture
_NUMBERED = 10       # columns at most that have room for numbers
_FULL = .68          # strength of a cell from which on its number has the colour of the paper
_ROOM = 330          # units for the names of all columns beside each other
_LETTER = .58        # width of a letter, by the size of the type
_BASE = (52, 128, 176), (196, 98, 36)  # of a picture, above and below zero, on any paper


def plot(part):
    """A function that draws a Heatmap on the axes it is given, and the height that it needs."""
    rows, columns = len(part.rows), len(part.columns)
    values = np.array(part.values, float).reshape(rows, columns)  # None becomes not a number
    few = rows * columns <= CELLS
    numbered = few and columns <= _NUMBERED
    longest = max((len(_short(name)) for name in part.columns), default=0)
    upright = longest * _LETTER * svg.SIZE > _ROOM / max(len(_runs(part.columns)), 1)

    def paint(axes):
        (_cells if few else _picture)(axes, values)
        if numbered:
            _numbers(axes, values)
        _names(axes.xaxis, part.columns, rotation=90 if upright else 0)
        _names(axes.yaxis, part.rows)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set(xlim=(-.5, max(columns, 1) - .5), ylim=(max(rows, 1) - .5, -.5),
                 xlabel="" if numbered else _key(values))
    cell = 31 if numbered else min(_ROOM / max(columns, 1), 34)
    return paint, 62 + cell * rows + upright * longest * _LETTER * svg.SIZE


def _cells(axes, values):
    for (row, column), strength in np.ndenumerate(_strength(values)):
        if np.isfinite(strength):
            colour = svg.COLOURS["series-1" if values[row, column] >= 0 else "series-2"]
            axes.add_patch(Rectangle((column - .48, row - .48), .96, .96, linewidth=0,
                                     facecolor=colour, alpha=round(strength, 3)))


def _picture(axes, values):
    """Many cells as one picture, through which the paper shows."""
    picture = np.zeros((*values.shape, 4))
    picture[..., :3] = np.where(values[..., None] >= 0, *_BASE) / np.float64(255)
    picture[..., 3] = np.nan_to_num(_strength(values))
    axes.imshow(picture, interpolation="none", aspect="auto")


def _numbers(axes, values):
    for (row, column), strength in np.ndenumerate(_strength(values)):
        if np.isfinite(strength):
            axes.text(column, row, shown(values[row, column]), ha="center", va="center",
                      color=svg.COLOURS["paper" if strength > _FULL else "ink"])


def _strength(values):
    """How strongly each is shown, up to 1: from the lowest on, or from zero if some are below."""
    low, high = _ends(values)
    return np.abs(values - low) / ((high - low) or 1) * .94 + .03


def _ends(values):
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low, high = np.nanmin(values), np.nanmax(values)
    return (low, high) if low >= 0 else (0.0, max(-low, high))


def _key(values):
    low, high = _ends(values)
    if (values < 0).any():
        return f"blue above zero, red below, faint at 0, full at ±{shown(high)}"
    return f"from {shown(low)}, faint, to {shown(high)}, full"


def _names(axis, names, rotation=0):
    """Names along an axis: one in the middle of each run of equal ones."""
    runs = _runs(names)
    ends = np.cumsum([length for _, length in runs])
    places = [end - (length + 1) / 2 for (_, length), end in zip(runs, ends, strict=True)]
    axis.set_ticks(places, [_short(name) for name, _ in runs], color=svg.COLOURS["ink"],
                   rotation=rotation)


def _runs(names):
    return [(name, len(list(run))) for name, run in groupby(names)]


def _short(name, most=24):
    text = str(name)
    return text if len(text) <= most else text[:most - 1] + "…"
