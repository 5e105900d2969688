"""What a section of the report is made of: text, tables and plots as data, which report/ draws."""

from typing import NamedTuple


class Headline(NamedTuple):
    """The one figure of an experiment. value: as a person reads it. text: the sentence that goes on from it."""

    value: str
    text: str


class Confusion(NamedTuple):
    """A confusion matrix. counts: rows are true labels, columns predicted ones."""

    title: str
    labels: list
    counts: list


class Table(NamedTuple):
    """A table of texts; its first column names the rows."""

    title: str
    columns: list
    rows: list
    note: str = ""


class Intervals(NamedTuple):
    """A plot of values with their intervals, all shares from 0 to 1. rows: [(name, low, value, high)]."""

    title: str
    rows: list
    note: str = ""


class Lines(NamedTuple):
    """A plot of lines. x, y: what the axes show, with unit. series: [(name, [(x, low, value, high)])].

    All are numbers; low and high are the edges of a band, or equal to value where there is none. An axis of
    x that goes over a factor of 16 or more, all above zero, is logarithmic.
    """

    title: str
    x: str
    y: str
    series: list
    note: str = ""


class Bars(NamedTuple):
    """A plot of bars from zero. y: what they measure, with unit. rows: [(name, low, value, high)].

    low and high are the edges of an interval, or equal to value where there is none.
    """

    title: str
    y: str
    rows: list
    note: str = ""


class Heatmap(NamedTuple):
    """A matrix in shades. rows, columns: names. values: numbers (or None), [row][column]."""

    title: str
    rows: list
    columns: list
    values: list
    note: str = ""


class Points(NamedTuple):
    """A scatter plot whose axes have no unit, such as t-SNE. series: [(name, [(x, y)])]."""

    title: str
    series: list
    note: str = ""


class Picture(NamedTuple):
    """A picture. png: base64 text of a PNG. alt: what it shows, for who cannot see it."""

    title: str
    png: str
    alt: str
    note: str = ""


class Section(NamedTuple):
    """What the report shows of an experiment. lead: what it shows, in a sentence or two."""

    title: str
    lead: str
    headline: Headline
    parts: list


def percent(share):
    """A share as people read it; a dash for None."""
    if share is None:
        return "–"
    return "100 %" if share == 1 else f"{100 * share:.1f} %"


def beside_published(measured, figures):
    """A table of a measured share beside those that the paper published of it.

    measured: {name: share}. figures: [{"dataset", "method", "value", "verified"}].
    """
    here = [(name, percent(share)) for name, share in measured.items()]
    paper = [(f"paper, {figure['dataset']}",
              percent(figure["value"]) + ("" if figure["verified"] else " *")) for figure in figures]
    doubt = "" if all(figure["verified"] for figure in figures) else (
        " * Not verified: recalled, and not read again in the paper.")
    return Table("Beside the published study" if paper else "", ["", "accuracy"], here + paper,
                 f"The paper's images have 128 × 128 pixels.{doubt}" if paper else "")
