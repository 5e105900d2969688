"""The plots of experiments.parts, drawn by matplotlib as SVG elements of the page."""

import math
from textwrap import wrap

import numpy as np
from matplotlib.ticker import FuncFormatter

from attribution.analysis.report import alt, heatmap, svg
from attribution.analysis.report.numbers import clean, shown, writer

_MARKERS = "osD^vPX*"
_DASHES = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (7, 2, 1, 2)))
_SERIES = sum(name.startswith("series") for name in svg.NAMES)
_LOGARITHMIC = 16  # x of 1 and more that go over such a factor are spread by their logarithms
_LETTER = .021     # width of a letter below the axis of x, whose length is 1
_MARKED = 24       # points of a line that have markers, at most twice as many
_TICKS = 12        # places that have ticks of their own at most


def draw(part, prefix):
    """The text of an SVG element that shows Lines, Bars, Heatmap or Points. prefix: of its ids."""
    part = clean(part)
    paint, height = {"Lines": _lines, "Bars": _bars, "Heatmap": heatmap.plot,
                     "Points": _points}[type(part).__name__](part)
    return svg.draw(paint, height, prefix, alt.text(part))


def _lines(part):
    write, names = writer(part), [name for name, _ in part.series]

    def paint(axes):
        for place, (name, samples) in enumerate(part.series):
            _line(axes, name, samples, place)
        _spread(axes, sorted({sample[0] for _, samples in part.series
                              for sample in samples}))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
        axes.grid(axis="y", color=svg.COLOURS["line"], linewidth=1)
        axes.set(xlabel=part.x, title=part.y)
        _legend(axes, names)
    return paint, 290 + _rows_of_legend(names)[0] * 21


def _line(axes, name, samples, place):
    x, low, value, high = np.array(samples, float).T
    colour, dash = _colour(place), _DASHES[place % len(_DASHES)]
    if (low < high).any():
        axes.fill_between(x, low, high, color=colour, alpha=.16, linewidth=0)
    axes.plot(x, value, color=colour, linestyle=dash, linewidth=1.8, label=name,
              marker=_MARKERS[place % len(_MARKERS)], markersize=5,
              markevery=max(len(samples) // _MARKED, 1))


def _spread(axes, places):
    """The axis of x; few places have ticks of their own, as far as there is room for them."""
    logarithmic = places and places[0] >= 1 and places[-1] / places[0] >= _LOGARITHMIC
    if logarithmic:
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value)))
    axes.minorticks_off()
    if len(places) <= _TICKS:
        axes.set_xticks(_apart(places, math.log if logarithmic else float))


def _apart(places, measure):
    """The last of `places`, and those before it whose numbers have room beside each other."""
    kept, whole = places[-1:], measure(places[-1]) - measure(places[0]) if places else 0
    for place in places[-2::-1]:
        letters = 2 + (len(shown(place)) + len(shown(kept[-1]))) / 2
        if measure(kept[-1]) - measure(place) >= letters * _LETTER * whole:
            kept.append(place)
    return kept


def _bars(part):
    rows, write = part.rows, writer(part)
    names = ["\n".join(wrap(str(row[0]), 26)) for row in rows]

    def paint(axes):
        for place, row in enumerate(rows):
            _bar(axes, place, row[1:], write)
        axes.set_yticks(range(len(rows)), names, color=svg.COLOURS["ink"])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
        axes.locator_params(axis="x", nbins=5)
        axes.tick_params(axis="y", length=0)
        axes.spines.left.set_visible(False)
        axes.axvline(0, color=svg.COLOURS["soft"], linewidth=1)
        axes.set(xlabel=part.y, ylim=(len(rows) - .4, -.6))
    return paint, 66 + (27 + 11 * any("\n" in name for name in names)) * len(rows)


def _bar(axes, place, row, write):
    low, value, high = row
    axes.barh(place, value, height=.62, color=svg.COLOURS["series-1"], alpha=.6)
    if low < high:
        axes.plot([low, high], [place, place], color=svg.COLOURS["ink"], linewidth=1.4,
                  marker="|", markersize=7)
    axes.text(1.02, place, write(value), va="center", transform=axes.get_yaxis_transform())


def _points(part):
    names = [name for name, _ in part.series]

    def paint(axes):
        for place, (name, points) in enumerate(part.series):
            x, y = np.array(points, float).T
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
