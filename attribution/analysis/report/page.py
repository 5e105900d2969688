"""The page, index.html, and the same figures for machines: results.json and results.csv."""

import base64
from itertools import count
from pathlib import Path

import jinja2
import numpy as np
from markupsafe import Markup

from attribution.analysis.report import curves, findings, plots, rows, scale
from attribution.analysis.report.numbers import shown
from experiments.parts import percent
from sources.contract import atomic, events, png

_TEMPLATE = Path(__file__).with_name("page.html")
_WIDTH = 1024  # pixels of a sample grid at most: as wide as the page, and a page that can be mailed
_COLUMNS = 16  # images in a row of a sample grid at most


def report(arguments):
    """The verb `report`: index.html, which needs nothing outside itself, results.json, results.csv."""
    found = findings.read(arguments.config, arguments.inputs)
    page, table = render(found), rows.table(found)
    atomic.make_folder(arguments.out)
    atomic.write_json(f"{arguments.out}/results.json", results(found))
    for name, text in (("results.csv", table), ("index.html", page)):
        with atomic.new_file(f"{arguments.out}/{name}") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))  # a path need be no text in any encoding
    events.done(out=arguments.out)


def results(found):
    """The figures of the study for machines: docs/results.md."""
    return {
        "format": 1, "study": found.config["study"], "dataset": found.config["dataset"],
        "resolution": found.config["resolution"], "images": found.config["manifest"].get("images"),
        "experiments": {one.name: {
            "title": one.section.title, "headline": one.section.headline.value,
            "sentence": one.section.headline.text, "settings": one.settings,
            "changed_settings": one.changes, "result": one.result} for one in found.experiments},
        "sources": {source.name: {
            "images": source.images.count, "sha256": source.images.index["sha256"],
            "pixel_deviation": source.deviation, "source": source.origin,
            "versions": source.versions} for source in found.sources},
        "published": found.published, "stages": found.stages}


def render(found):
    """The whole page as text."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    numbers, paper = count(1), found.published["scale"]
    environment.filters.update(
        percent=percent, number=shown, duration=_duration, shade=_shade, matrix=_matrix,
        scale=_scale, kind=lambda part: type(part).__name__, is_text=_is_text,
        plot=lambda part: Markup(plots.draw(part, f"plot-{next(numbers)}-")),
        scaled=lambda experiment: scale.of_experiment(found.config, paper, experiment))
    return environment.from_string(_TEMPLATE.read_text("utf-8")).render(
        found=found, config=found.config, first=found.experiments[0].section,
        grids={source.name: _grid(source) for source in found.sources},
        curves={name: curves.draw(curve) for name, curve in found.curves.items() if curve},
        box=(curves.WIDTH, curves.HEIGHT), credits=found.sources[0].origin.get("credits", []),
        scale_of_study=scale.of_study(found.config, paper), smaller=scale.smaller(found.config),
        seconds=sum(stage["seconds"] for stage in found.stages))


def _is_text(table, place):
    """Whether a column of a Table holds words, which stand at the left of it."""
    return place == 0 or not any(rows.number(row[place]) != "" for row in table.rows)


def _matrix(confusion):
    """A confusion matrix as it is drawn: rows (label, [(count, share of the row)], recall), and the precisions."""
    counts = np.array(confusion.counts)
    rows, columns, right = counts.sum(axis=1), counts.sum(axis=0), counts.diagonal()
    return {
        "rows": [(label, [(int(count), count / max(total, 1)) for count in row], _share(hits, total))
                 for label, row, total, hits in zip(confusion.labels, counts, rows, right, strict=True)],
        "precisions": [_share(hits, total) for hits, total in zip(right, columns, strict=True)]}


def _share(part, whole):
    return float(part / whole) if whole else None


def _scale(intervals):
    """Where the axis of a plot of intervals begins: the round share below the lowest of them."""
    return np.floor(min(low for _, low, _, _ in intervals.rows) * 20) / 20 if intervals.rows else 0.0


def _grid(source):
    """A grid of images spread evenly over the set, as a data address."""
    columns = max(min(_COLUMNS, _WIDTH // source.images.resolution), 1)
    places = source.spread(columns * max(columns // 4, 1))
    picture = png.encode(png.grid(source.images.images[places], columns))
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def _shade(share):
    """How dark a cell of the confusion matrix is; the root makes rare confusions visible."""
    return f"{share ** 0.5 * 0.95:.3f}"


def _duration(seconds):
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
