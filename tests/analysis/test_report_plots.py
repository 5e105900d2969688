"""The plots of the report: what they show, how they sit in the page, and whom their colours reach."""

import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from attribution.analysis.report import page, plots
from attribution.analysis.report.numbers import shown
from experiments.parts import Bars, Heatmap, Lines, Points

NAMES = ["real", "ProGAN & more", "SNGAN"]
LINES = Lines("Noise", "variance", "accuracy", [
    ("before", [(1, .8, .9, 1.0), (4, .4, .5, .6), (32, .1, .2, .3)]),
    ("after", [(1, .9, .9, .9), (32, .8, .8, .8)])])
BARS = Bars("Ratio", "FD ratio", [("generic", 2, 2.36, 3), ("learnt", 454.76, 454.76, 454.76)])
HEATMAP = Heatmap("Correlation", NAMES, NAMES, [[1, -.25, None], [-.25, 1, .5], [None, .5, 1]])
PICTURE = Heatmap("Distance", ["a"] * 30 + ["b"] * 30, ["a"] * 30 + ["b"] * 30,
                  np.arange(3600.0).reshape(60, 60).tolist())
POINTS = Points("t-SNE", [("real", [(0, 0), (1, 1)]), ("GAN", [(5, 5), (6, 5), (5, 6)])])
EVERY = pytest.mark.parametrize("part", [LINES, BARS, HEATMAP, PICTURE, POINTS],
                                ids=lambda part: part.title)
STYLE = Path(page.__file__).with_name("page.html").read_text("utf-8").split("</style>")[0]


def drawing(part):
    return ElementTree.fromstring(plots.draw(part, "plot-1-"))


def texts(part):
    return ["".join(element.itertext()) for element in drawing(part).iter("text")]


@EVERY
def test_the_same_data_gives_the_same_bytes(part):
    assert plots.draw(part, "plot-1-") == plots.draw(part, "plot-1-")


@EVERY
def test_a_plot_needs_nothing_but_the_page(part):
    text, root = plots.draw(part, "plot-1-"), drawing(part)
    assert root.tag == "svg" and "width" not in root.attrib
    assert not re.search(r"http|url\(|<style|font-family|clip-path|#0102", text)
    ids = {element.get("id") for element in root.iter()} - {None}
    assert all(name.startswith("plot-1-") for name in ids)
    addresses = [element.get("href") for element in root.iter() if "href" in element.attrib]
    assert all(address[1:] in ids or address.startswith("data:image/png;base64,")
               for address in addresses)


@EVERY
def test_type_and_colours_are_the_pages(part):
    text = plots.draw(part, "plot-1-")
    variables = set(re.findall(r"var\((--[\w-]+)\)", text))
    assert "--ink" in variables and all(f"{name}:" in STYLE for name in variables)
    assert not re.search(r"(fill|stroke): #", text)
    assert texts(part)


@EVERY
def test_a_plot_is_told_to_who_cannot_see_it(part):
    root = drawing(part)
    assert root.get("role") == "img" and root.get("aria-label").startswith(f"{part.title}: ")


def test_what_the_words_say():
    def said(part):
        return drawing(part).get("aria-label")

    assert said(LINES) == (
        "Noise: accuracy over variance. before: from 90 % at 1 to 20 % at 32, lowest 20 % at 32, "
        "highest 90 % at 1; after: from 90 % at 1 to 80 % at 32, lowest 80 % at 32, highest 90 % at 1.")
    assert said(BARS) == "Ratio: FD ratio. generic 2.36 (2 to 3); learnt 455."
    assert said(HEATMAP) == ("Correlation: 3 rows and 3 columns; lowest −0.25 at real and "
                             "ProGAN & more, highest 1 at real and real.")
    assert said(POINTS) == "t-SNE: points of real (2), GAN (3)."


def test_lines_have_ticks_where_values_are_and_shares_in_percent():
    assert {"1", "4", "32", "before", "after", "accuracy", "variance", "40 %"} <= set(texts(LINES))
    assert plots.draw(LINES, "").count("fill-opacity: 0.16") == 1  # a band where there is one


def test_lines_over_a_wide_range_are_spread_by_logarithms():
    def places(xs):
        part = Lines("", "x", "y", [("a", [(x, 1, 1, 1) for x in xs])])
        return {"".join(text.itertext()): float(text.get("x")) for text in drawing(part).iter("text")}
    wide, narrow = places([4, 16, 64]), places([2, 5, 11])
    shares = places([.05, .5, .95])
    assert shares["0.95"] - shares["0.5"] == pytest.approx(shares["0.5"] - shares["0.05"], abs=.1)
    assert wide["64"] - wide["16"] == pytest.approx(wide["16"] - wide["4"], abs=.1)
    assert narrow["11"] - narrow["5"] == pytest.approx(2 * (narrow["5"] - narrow["2"]), abs=.1)


def test_ticks_that_would_overlap_are_left_out():
    part = Lines("", "images", "y", [("a", [(x, 1, 1, 1) for x in (2, 10, 1000, 20000, 100000)])])
    assert {"2", "10", "1,000", "100,000"} <= set(texts(part)) and "20,000" not in texts(part)


def test_bars_say_their_values():
    assert {"generic", "2.36", "learnt", "455", "FD ratio"} <= set(texts(BARS))


def test_a_heatmap_has_numbers_where_there_is_room_and_names_once_for_a_run():
    assert texts(HEATMAP).count("1") == 3 and texts(HEATMAP).count("−0.25") == 2
    assert "–" not in texts(HEATMAP)
    assert texts(PICTURE).count("a") == 2 and "from 0, faint, to 3,599, full" in texts(PICTURE)


@pytest.mark.parametrize("part", [
    Lines("", "x", "y", [("a", [(1, None, float("nan"), 1)])]), Lines("", "x", "y", []),
    Bars("", "y", [("a", 0, None, 0)]), Bars("", "y", []), Heatmap("", [], [], []),
    Heatmap("", ["a"], ["b"], [[None]]), Points("", []), Points("", [("a", [])])],
    ids=lambda part: type(part).__name__)
def test_nothing_to_show_is_no_error(part):
    assert drawing(part).get("role") == "img"


@pytest.mark.parametrize("value, text", [(2.36, "2.36"), (454.76, "455"), (10000, "10,000"), (-.5, "−0.5"),
                                         (1234.5, "1,234"), (None, "–"), (float("nan"), "–")])
def test_numbers_as_people_read_them(value, text):
    assert shown(value) == text


# Machado, Oliveira and Fernandes 2009: linear RGB as people without red, green, blue cones see it.
EYES = {
    "all": np.eye(3),
    "protan": [[.152286, 1.052583, -.204868], [.114503, .786281, .099216],
               [-.003882, -.048116, 1.051998]],
    "deutan": [[.367322, .860646, -.227968], [.280085, .672501, .047413],
               [-.011820, .042940, .968881]],
    "tritan": [[1.255528, -.076749, -.178779], [-.078411, .930809, .147602],
               [.004733, .691367, .303900]]}
SHADES = pytest.mark.parametrize("shades", [0, 1], ids=["light", "dark"])


def colours(shades):
    """{variable: linear RGB} of the page, on light or on dark paper."""
    block = STYLE.split(":root {")[1 + shades].split("}")[0]
    return {name: linear(text) for name, text in re.findall(r"--([\w-]+): #(\w{6})", block)}


def linear(text):
    values = np.array([int(text[place:place + 2], 16) for place in (0, 2, 4)]) / 255
    return np.where(values <= .04045, values / 12.92, ((values + .055) / 1.055) ** 2.4)


def contrast(one, other):
    """The contrast of WCAG 2.1, from 1 to 21."""
    low, high = sorted(np.array([.2126, .7152, .0722]) @ colour for colour in (one, other))
    return (high + .05) / (low + .05)


def lab(colour):
    """CIE Lab of linear RGB; 10 is a difference that one sees at a glance."""
    matrix = np.array([[.4124, .3576, .1805], [.2126, .7152, .0722], [.0193, .1192, .9505]])
    x, y, z = np.cbrt(matrix @ np.clip(colour, 0, 1) / [.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@SHADES
def test_everything_stands_out_from_the_paper(shades):
    found = colours(shades)
    assert contrast(found["ink"], found["paper"]) > 7
    assert contrast(found["soft"], found["paper"]) > 4.5
    assert all(contrast(colour, found["paper"]) > 3 for name, colour in found.items()
               if name.startswith("series"))


@SHADES
@pytest.mark.parametrize("eyes", EYES)
def test_series_are_told_apart_by_all_eyes(shades, eyes):
    series = [np.array(EYES[eyes]) @ colour for name, colour in colours(shades).items()
              if name.startswith("series")]
    assert len(series) == 6
    assert min(np.linalg.norm(lab(a) - lab(b)) for a, b in combinations(series, 2)) > 15
