"""results.csv: one row for every figure of the study, made from what its sections show."""

import csv
import io
import re

from attribution.analysis.report.heatmap import CELLS
from attribution.analysis.report.numbers import finite

COLUMNS = ("experiment", "part", "kind", "row", "column", "value", "low", "high", "text")
_NUMBER = re.compile(r"([-−]?[\d,]*\.?\d+(?:e[-+−]?\d+)?)( %)?( \*)?$", re.IGNORECASE)


def table(found):
    """The text of results.csv: COLUMNS, and below them the rows of every experiment and source."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for one in found.experiments:
        writer.writerows({"experiment": one.name, **row} for row in of_section(one.section))
    for source in found.sources:
        writer.writerow({"experiment": "sources", "kind": "source", "row": source.name,
                         "column": "mean pixel deviation", "value": source.deviation})
    return written.getvalue()


def of_section(section):
    """The rows of a parts.Section, without the name of the experiment."""
    headline = section.headline
    yield {"kind": "headline", "value": number(headline.value),
           "text": f"{headline.value} {headline.text}"}
    for part in section.parts:
        kind = type(part).__name__
        for row in _ROWS.get(kind, _none)(part):
            yield {"part": part.title, "kind": kind.lower(), **row}


def number(text):
    """The number that a text shows, as a float, percents as shares; "" if it shows none."""
    found = _NUMBER.fullmatch(str(text).strip())
    if not found:
        return ""
    value = float(found[1].replace(",", "").replace("−", "-"))
    return round(value / 100, 12) if found[2] else value


def _table(part):
    for row in part.rows:
        for column, text in zip(part.columns[1:], row[1:], strict=True):
            yield {"row": row[0], "column": column, "value": number(text), "text": text}


def _confusion(part):
    return _matrix(part.labels, part.labels, part.counts)


def _heatmap(part):
    """None of so many cells that they are a picture and no figures."""
    if len(part.rows) * len(part.columns) > CELLS:
        return ()
    return _matrix(part.rows, part.columns, part.values)


def _matrix(rows, columns, values):
    for row, line in zip(rows, values, strict=True):
        for column, value in zip(columns, line, strict=True):
            if finite([value]):
                yield {"row": row, "column": column, "value": value}


def _intervals(part):
    for name, low, value, high in part.rows:
        yield {"row": name, "value": value, "low": low, "high": high}


def _lines(part):
    for name, samples in part.series:
        for x, low, value, high in samples:
            yield {"row": name, "column": x, "value": value, "low": low, "high": high}


def _none(part):
    """Of points and pictures, which show no figure that can be told apart."""
    return ()


_ROWS = {"Table": _table, "Confusion": _confusion, "Heatmap": _heatmap, "Intervals": _intervals,
         "Bars": _intervals, "Lines": _lines}
