"""The plots of experiments.parts, drawn by matplotlib as SVG elements of the page."""

import math
from itertools import groupby
from textwrap import wrap

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter

from attribution.report import alt, svg
from attribution.report.numbers import finite, shown, writer

_MARKERS = "osD^vPX*"
_DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (7, 2, 1, 2)))
_SERIES = sum(name.startswith("series") for name in svg.NAMES)
_LOGARITHMIC = 16    # x that go over such a factor are spread by their logarithms
_NUMBERED = 10       # columns of a heatmap at most whose cells have room for their numbers
_CELLS = 400         # of a heatmap at most that are drawn one by one; more become a picture
_FULL = .68          # strength of a cell from which on its number has the colour of the paper
_BASE = (52, 128, 176), (196, 98, 36)  # of such a picture, above and below zero, on any paper


def draw(part, prefix):
    """The text of an SVG element that shows a Lines, Bars, Heatmap or Points. prefix: of its ids."""
    paint, height = {"Lines": _lines, "Bars": _bars, "Heatmap": _heatmap,
                     "Points": _points}[type(part).__name__](part)
    return svg.draw(paint, height, prefix, alt.text(part))


def _lines(part):
    series = [(name, [sample for sample in samples if finite(sample)]) for name, samples in part.series]
    write = writer(part.y, [value for _, samples in series for sample in samples
                            for value in sample[1:]])

    def paint(axes):
        for place, (name, samples) in enumerate(series):
            _line(axes, name, samples, place)
        _spread(axes, sorted({sample[0] for _, samples in series for sample in samples}))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
        axes.grid(axis="y", color=svg.COLOURS["line"], linewidth=1)
        axes.set(xlabel=part.x, title=part.y)
        _legend(axes, [name for name, _ in series])
    return paint, 290 + _rows_of_legend([name for name, _ in series])[0] * 21


def _line(axes, name, samples, place):
    x, low, value, high = np.array(samples, float).reshape(-1, 4).T
    colour, dash = _colour(place), _DASHES[place % len(_DASHES)]
    if (low < high).any():
        axes.fill_between(x, low, high, color=colour, alpha=.16, linewidth=0)
    axes.plot(x, value, color=colour, linestyle=dash, linewidth=1.8, label=name,
              marker=_MARKERS[place % len(_MARKERS)], markersize=5)


def _spread(axes, places):
    """The axis of x, with ticks where values are, as far as there is room for them."""
    if not places:
        return
    if places[0] > 0 and places[-1] / places[0] >= _LOGARITHMIC:
        axes.set_xscale("log")
    axes.minorticks_off()
    measure = math.log if axes.get_xscale() == "log" else float
    room = .085 * (measure(places[-1]) - measure(places[0]))
    ticks = places[-1:]
    for place in places[-2::-1]:
        if measure(ticks[-1]) - measure(place) >= room:
            ticks.append(place)
    axes.set_xticks(ticks, [shown(tick) for tick in ticks])


def _bars(part):
    rows = [row for row in part.rows if finite(row[1:])]
    write = writer(part.y, [value for row in rows for value in row[1:]])
    names = ["\n".join(wrap(str(row[0]), 26)) for row in rows]

    def paint(axes):
        for place, (name, low, value, high) in enumerate(rows):
            axes.barh(place, value, height=.62, color=svg.COLOURS["series-1"])
            if low < high:
                axes.plot([low, high], [place, place], color=svg.COLOURS["ink"], linewidth=1.4,
                          marker="|", markersize=7)
            axes.text(1.02, place, write(value), va="center",
                      transform=axes.get_yaxis_transform())
        axes.set_yticks(range(len(rows)), names,
                        color=svg.COLOURS["ink"])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
        axes.locator_params(axis="x", nbins=5)
        axes.tick_params(axis="y", length=0)
        axes.spines.left.set_visible(any(row[2] < 0 for row in rows) is False)
        axes.axvline(0, color=svg.COLOURS["soft"], linewidth=1)
        axes.set_ylim(len(rows) - .4, -.6)
        axes.set_xlabel(part.y)
    return paint, 66 + (27 + 11 * any("\n" in name for name in names)) * len(rows)


def _heatmap(part):
    values = np.array([[math.nan if value is None else value for value in row]
                       for row in part.values], float)
    rows, columns = values.shape
    names = max((len(str(name)) for name in part.columns), default=0)
    upright = names * .62 * svg.SIZE > 380 / max(columns, 1) and _runs(part.columns) == columns
    numbered = columns <= _NUMBERED and rows * columns <= _CELLS

    def paint(axes):
        (_cells if rows * columns <= _CELLS else _raster)(axes, values)
        if numbered:
            _numbers(axes, values)
        _names(axes.xaxis, part.columns, rotation=90 if upright else 0)
        _names(axes.yaxis, part.rows)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set(xlim=(-.5, columns - .5), ylim=(rows - .5, -.5))
        axes.set_xlabel("" if numbered else _key(values))
    cell = 31 if numbered else min(380 / max(columns, 1), 34)
    return paint, 62 + cell * rows + upright * min(names, 24) * 7


def _cells(axes, values):
    for row, column in zip(*np.nonzero(np.isfinite(values)), strict=True):
        value = values[row, column]
        axes.add_patch(_cell(column, row, "series-1" if value >= 0 else "series-2",
                             _strength(values)[row, column]))


def _cell(column, row, colour, strength):
    return Rectangle((column - .48, row - .48), .96, .96, linewidth=0, alpha=round(strength, 3),
                     facecolor=svg.COLOURS[colour])


def _raster(axes, values):
    """Many cells as one picture, whose transparency shows the paper."""
    picture = np.zeros((*values.shape, 4))
    picture[..., :3] = np.where(values[..., None] >= 0, *_BASE) / 255
    picture[..., 3] = np.nan_to_num(_strength(values))
    axes.imshow(picture, interpolation="none", aspect="auto")


def _numbers(axes, values):
    for (row, column), strength in np.ndenumerate(_strength(values)):
        if np.isfinite(strength):
            axes.text(column, row, shown(values[row, column]), ha="center", va="center",
                      color=svg.COLOURS["paper" if strength > _FULL else "ink"])


def _strength(values):
    """How strongly each value is shown, from 0 to 1: from the lowest on, or from zero if some are below."""
    low, high = _ends(values)
    return np.abs(values - low) / ((high - low) or 1) * .94 + .03


def _ends(values):
    if not np.isfinite(values).any():
        return 0.0, 1.0
    low, high = np.nanmin(values), np.nanmax(values)
    return (low, high) if low >= 0 else (0.0, max(-low, high))


def _key(values):
    low, high = _ends(values)
    return f"from {shown(low)}, faint, to {shown(high)}, full" if np.nanmin(values) >= 0 else (
        f"blue above zero, brown below, faint at 0, full at ±{shown(high)}")


def _names(axis, names, rotation=0):
    """Names along an axis: one in the middle of each run of equal ones."""
    places, texts, first = [], [], 0
    for name, run in groupby(names):
        length = len(list(run))
        places.append(first + (length - 1) / 2)
        texts.append(_short(name))
        first += length
    axis.set_ticks(places, texts, color=svg.COLOURS["ink"], rotation=rotation)


def _runs(names):
    return sum(1 for _ in groupby(names))


def _points(part):
    names = [name for name, _ in part.series]

    def paint(axes):
        for place, (name, points) in enumerate(part.series):
            x, y = np.array([point for point in points if finite(point)], float).reshape(-1, 2).T
            axes.plot(x, y, linestyle="", marker=_MARKERS[place % len(_MARKERS)], markersize=4.2,
                      color=_colour(place), markeredgewidth=0, alpha=.75, label=name)
        axes.set_aspect("equal", "datalim")
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        _legend(axes, names)
    return paint, 400 + _rows_of_legend(names)[0] * 21


def _legend(axes, names):
    if len(names) > 1:
        axes.figure.legend(loc="outside lower left", ncols=_rows_of_legend(names)[1],
                           handlelength=2.4, columnspacing=1.4, borderpad=0, markerscale=1.4)


def _rows_of_legend(names):
    """How many rows a legend has, and how many columns have room beside each other."""
    widest = 62 + max((len(str(name)) for name in names), default=0) * .62 * svg.SIZE
    columns = max(1, min(len(names), int(svg.WIDTH / widest)))
    return (-(-len(names) // columns), columns) if len(names) > 1 else (0, 1)


def _colour(place):
    return svg.COLOURS[f"series-{place % _SERIES + 1}"]


def _short(name, most=26):
    text = str(name)
    return text if len(text) <= most else text[:most - 1] + "…"
