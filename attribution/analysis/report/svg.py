"""Figures of matplotlib as a part of the page: text stays text, type and colours are the page's.

A figure is drawn with stand-ins, COLOURS, which become the variables of the page's style sheet: so it
is readable on dark paper too.
"""

import io
import re
from xml.etree import ElementTree

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

NAMES = ("ink", "soft", "line", "paper", "series-1", "series-2", "series-3", "series-4", "series-5",
         "series-6")
COLOURS = {name: f"#0102{place:02x}" for place, name in enumerate(NAMES)}
WIDTH = 484  # units of a drawing, which are pixels where the page is wide: two stand side by side
SIZE = 14    # of the type, in the same units

_HREF = "{http://www.w3.org/1999/xlink}href"
_DECIMALS = re.compile(r"-?\d+\.\d{2,}")
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "page", "font.family": "DejaVu Serif",
    "font.size": SIZE, "text.color": COLOURS["ink"], "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["soft"], "xtick.color": COLOURS["line"],
    "ytick.color": COLOURS["line"], "xtick.labelcolor": COLOURS["soft"],
    "ytick.labelcolor": COLOURS["soft"], "axes.spines.top": False, "axes.spines.right": False,
    "axes.titlelocation": "left", "axes.titlesize": SIZE, "axes.titlecolor": COLOURS["soft"],
    "axes.unicode_minus": True, "text.parse_math": False, "figure.facecolor": "none",
    "axes.facecolor": "none", "legend.frameon": False}


def draw(paint, height, prefix, alt):
    """The text of an SVG element of WIDTH x `height`, as it stands inside HTML.

    paint: a function that draws on the axes it is given. prefix: of the ids, one for each drawing of
    a page. alt: what is read to who cannot see it.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure((WIDTH / 72, height / 72), layout="constrained")
        figure.get_layout_engine().set(h_pad=5 / 72, w_pad=2 / 72)
        paint(figure.add_subplot())
        written = io.BytesIO()
        FigureCanvasSVG(figure).print_svg(written, metadata={"Date": None, "Creator": None})
    return _inline(ElementTree.fromstring(written.getvalue()), prefix, alt)


def _inline(root, prefix, alt):
    """Without what only a file of its own needs: name spaces, style sheet, metadata, background."""
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    used = {use.get(_HREF)[1:] for use in root.iter("use")}
    for parent in list(root.iter()):
        for child in [child for child in parent if _is_idle(child)]:
            parent.remove(child)
    for element in root.iter():
        _mend(element, used, prefix)
    box = root.get("viewBox")
    root.attrib.clear()
    root.attrib.update(viewBox=box, role="img", **{"aria-label": alt})
    return ElementTree.tostring(root, encoding="unicode")


def _is_idle(element):
    return element.tag in ("metadata", "style", "clipPath") or element.get("id") == "patch_1"


def _mend(element, used, prefix):
    attributes, element.tail = element.attrib, None
    element.text = element.text if element.tag == "text" else None
    _name(attributes, used, prefix)
    attributes.pop("clip-path", None)
    if attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]
    if element.tag != "image":  # its few numbers scale many cells
        for name in attributes.keys() & {"d", "x", "y", "transform", "style"}:
            attributes[name] = _DECIMALS.sub(_round, " ".join(attributes[name].split()))
    if "style" in attributes:
        attributes["style"] = _page_style(attributes["style"])


def _name(attributes, used, prefix):
    """Names that are of use begin with `prefix`; the others go."""
    name, address = attributes.pop("id", None), attributes.pop(_HREF, "")
    if name in used:
        attributes["id"] = prefix + name
    if address:
        attributes["href"] = f"#{prefix}{address[1:]}" if address[0] == "#" else address


def _round(number):
    return f"{round(float(number[0]), 2) + 0.0:g}"


def _page_style(style):
    """Colours by the page's variables, type by the page's."""
    style = re.sub(r"font-family: [^;]*(; |$)", "", style)
    for name, stand_in in COLOURS.items():
        style = style.replace(stand_in, f"var(--{name})")
    return style
