"""Pictures of fingerprints: a table of images with their responses, and a frame for each image.

Fingerprints are shown around a middle grey, responses from blue (negative) over white to red. What is
compared is stretched alike: the sources' fingerprints, and the responses of one image. The source that
responds most has a frame.
"""

import io
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, FRAME, SOFT = "#1c1b19", "#0072b2", "#9a9790"  # the frame's blue: Okabe and Ito 2008
_SHARE = 99.5   # percent of all values that are not cut when they are stretched
_CELL = 0.92    # inches
_LONGEST = 14   # characters of a name
_DOTS = 110     # an inch
_STYLE = {"font.family": "DejaVu Serif", "font.size": 9, "text.color": INK, "text.parse_math": False,
          "axes.edgecolor": SOFT, "axes.titlesize": 9, "figure.facecolor": "white"}


class Seen(NamedTuple):
    """An image and what a visnet sees in it. name: a file's, or a source's.

    image: uint8 (R, R, 3). fingerprint: (3, R, R). responses: (L, R, R), whose sums are the scores.
    probabilities: (L,).
    """

    name: str
    image: np.ndarray
    fingerprint: np.ndarray
    responses: np.ndarray
    probabilities: np.ndarray


class Gallery:
    """Pictures of what a visnet that knows `labels` sees. models: (L, 3, R, R). seen: [Seen]."""

    def __init__(self, labels, models, seen):
        self.labels, self._models, self._seen = labels, models, seen

    def table(self, rows=None):
        """The PNG of a table: a row for each of the first images, its fingerprint, the responses."""
        seen = self._seen[:rows]

        def paint(figure):
            cells = figure.subplots(len(seen) + 1, len(self.labels) + 2, squeeze=False)
            self._paint_models(cells[0, 2:])
            for axes in cells[0, :2]:
                axes.set_axis_off()
            for line, one in zip(cells[1:], seen, strict=True):
                self._paint_row(line, one)
            cells[1, 0].set_title("image"), cells[1, 1].set_title("fingerprint")
            cells[0, 2].set_ylabel("sources'\nfingerprints"), cells[1, 2].set_ylabel("responses")

        height = 0.5 + (len(seen) + 1) * (_CELL + 0.2)
        return _png(_drawn(paint, _CELL * (len(self.labels) + 2) * 1.12 + 1.5, height))

    def frame(self, number):
        """One image of an animation, uint8 (H, W, 3): as the published demo lays it out."""
        one = self._seen[number]

        def paint(figure):
            cells = figure.subplots(3, len(self.labels) + 1, squeeze=False)
            _show(cells[0, 0], one.image, _short(one.name))
            self._paint_fingerprint(cells[1, 0], one)
            cells[1, 0].set_title("fingerprint")
            self._paint_models(cells[0, 1:], one.probabilities.argmax())
            self._paint_responses(cells[1, 1:], one)
            _say(cells[2, 0], f"{_short(self.labels[one.probabilities.argmax()])}\n"
                              f"{100 * one.probabilities.max():.1f} %")
            _bars(cells[2, 1:], one.responses.sum(axis=(1, 2)))
            cells[0, 1].set_ylabel("sources'\nfingerprints")
            cells[1, 1].set_ylabel("responses"), cells[2, 1].set_ylabel("their sums")

        return _drawn(paint, _CELL * (len(self.labels) + 1) * 1.25 + 0.8, 3 * _CELL * 1.3 + 0.3)

    def _paint_models(self, cells, best=None):
        pictures = _grey(np.moveaxis(self._models, 1, -1))
        for place, (axes, label, picture) in enumerate(
                zip(cells, self.labels, pictures, strict=True)):
            _show(axes, picture, _short(label))
            if place == best:
                axes.title.set(color=FRAME, weight="bold")

    def _paint_row(self, cells, one):
        _show(cells[0], one.image)
        cells[0].set_ylabel(_short(one.name), rotation=0, ha="right", va="center")
        self._paint_fingerprint(cells[1], one)
        self._paint_responses(cells[2:], one)
        best = one.probabilities.argmax()
        for place, (axes, share) in enumerate(zip(cells[2:], one.probabilities, strict=True)):
            axes.set_xlabel(f"{100 * share:.1f} %", fontsize=8, labelpad=2)
            axes.xaxis.label.set_weight("bold" if place == best else "normal")

    def _paint_fingerprint(self, axes, one):
        _show(axes, _grey(np.moveaxis(one.fingerprint, 0, -1)))

    def _paint_responses(self, cells, one):
        best, limit = one.probabilities.argmax(), _limit(one.responses)
        for place, (axes, response) in enumerate(zip(cells, one.responses, strict=True)):
            _show(axes, response, limit=limit)
            if place == best:
                axes.spines[:].set(color=FRAME, linewidth=3)


def _limit(values):
    """The size that all but a few of the values have at most."""
    return max(float(np.percentile(np.abs(values), _SHARE)), 1e-12)


def _grey(fingerprints):
    """Fingerprints (..., 3) as colours from 0 to 1, around a middle grey."""
    return np.clip(0.5 + fingerprints / (2 * _limit(fingerprints)), 0, 1)


def _show(axes, picture, title="", limit=None):
    axes.imshow(picture, cmap="RdBu_r", vmin=limit and -limit, vmax=limit, interpolation="nearest")
    axes.set(xticks=[], yticks=[], title=title)


def _short(name):
    """A name that does not run into its neighbours: its beginning and its end."""
    half = _LONGEST // 2
    return name if len(name) <= _LONGEST else f"{name[:half]}…{name[1 - half:]}"


def _say(axes, text):
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=FRAME, weight="bold")


def _bars(cells, scores):
    """A bar for each score, from zero up or down; all in one scale."""
    room = 1.35 * max(np.abs(scores).max(), 1e-12)
    for axes, score in zip(cells, scores, strict=True):
        best = score == scores.max()
        axes.bar([0], [score], width=0.5, color=FRAME if best else SOFT)
        axes.axhline(0, color=SOFT, linewidth=0.8)
        axes.set(xlim=(-1, 1), ylim=(min(0, scores.min()) * 1.35 - room * 0.05, room),
                 xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.annotate(f"{score:.2f}", (0, score), (0, 2 if score >= 0 else -2), ha="center",
                      textcoords="offset points", va="bottom" if score >= 0 else "top",
                      weight="bold" if best else "normal")


def _drawn(paint, width, height):
    """What `paint` does to a figure of width x height inches, uint8 (H, W, 3)."""
    with rc_context(_STYLE):
        figure = Figure((width, height), dpi=_DOTS, layout="constrained")
        paint(figure)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _png(pixels):
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(pixels).quantize(256).save(written, "PNG", optimize=True)
    return written.getvalue()
