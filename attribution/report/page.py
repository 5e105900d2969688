"""The page, index.html, and results.json beside it."""

import base64
from pathlib import Path

import jinja2
import numpy as np

from sources.contract import atomic, png

from . import curves, findings

_TEMPLATE = Path(__file__).with_name("page.html")
_GRID = (4, 16)  # rows and columns of a sample grid
_GRID_PIXELS = 1536  # width of a sample grid at most: what a screen shows, and a page that can be mailed


def write(config_path, inputs, out):
    """Write index.html and results.json into the folder `out`.

    config_path: the JSON configuration of the report stage. inputs: the folder of the finished stages.
    Raises BadInput, naming the file, for what a stage did not leave behind.
    """
    found = findings.read(findings.read_json(config_path), inputs)
    atomic.make_folder(str(out))
    atomic.write_json(str(Path(out) / "results.json"), results(found))
    with atomic.new_file(str(Path(out) / "index.html")) as stream:
        stream.write(render(found).encode("utf-8"))


def results(found):
    """The figures of the study for machines."""
    return {
        "study": found.config["study"], "dataset": found.config["dataset"], "resolution": found.config["resolution"],
        "attribution": found.evaluation,
        "sources": {source.name: {
            "images": source.images.count, "sha256": source.images.index["sha256"],
            "source": source.images.index["source"], "made_by": source.images.index["made_by"]}
            for source in found.sources},
        "published": found.published,
        "stages": found.stages}


def render(found):
    """The whole page as text. It refers to nothing outside itself."""
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True,
                                     undefined=jinja2.StrictUndefined)
    environment.filters.update(percent=_percent, duration=_duration, shade=_shade)
    template = environment.from_string(_TEMPLATE.read_text("utf-8"))
    return template.render(
        found=found, config=found.config, evaluation=found.evaluation, matrix=_matrix(found.evaluation),
        grids={source.name: _grid(source.images) for source in found.sources},
        curves={source.name: curves.draw(source.curve) for source in found.sources if source.curve},
        classifier_curve=curves.draw(found.classifier_curve), box=(curves.WIDTH, curves.HEIGHT),
        credits=[credit for source in found.sources for credit in source.credits],
        seconds=sum(stage["seconds"] for stage in found.stages))


def _matrix(evaluation):
    """Rows of the confusion matrix: [(class, [(count, share of the row)])]."""
    return [(name, [(count, count / max(sum(row), 1)) for count in row])
            for name, row in zip(evaluation["classes"], evaluation["confusion"], strict=True)]


def _grid(image_set):
    """A grid of images spread evenly over the set, as a data address."""
    rows, columns = _GRID
    columns = min(columns, _GRID_PIXELS // image_set.resolution)
    places = np.linspace(0, image_set.count - 1, min(rows * columns, image_set.count)).astype(int)
    picture = png.encode(png.grid(np.stack([image_set.images[place] for place in places]), columns))
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def _percent(share):
    return f"{100 * share:.1f} %"


def _shade(share):
    """How dark a cell of the confusion matrix is; the root makes rare confusions visible."""
    return share ** 0.5 * 0.95


def _duration(seconds):
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"
