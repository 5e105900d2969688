"""Training curves as small SVG drawings."""

import math

WIDTH, HEIGHT, MARGIN = 260, 110, 6
_POINTS = 130  # as many as a drawing this wide can show


def draw(curve):
    """Polylines of a loss curve, [{"step", "losses": {name: value}}]: [{"name", "points", "low", "high", "last"}].

    Each loss has its own vertical scale, from its lowest to its highest mean; `points` is the attribute of an
    SVG polyline in a box of WIDTH x HEIGHT. Values that are not finite are left out.
    """
    names = sorted({name for entry in curve for name in entry["losses"]})
    lines = (_line(name, [(entry["step"], entry["losses"][name]) for entry in curve if name in entry["losses"]])
             for name in names)
    return [line for line in lines if line]


def _line(name, samples):
    samples = _thin([(step, value) for step, value in samples if math.isfinite(value)])
    if len(samples) < 2:
        return None
    values = [value for _, value in samples]
    low, high, last_step = min(values), max(values), samples[-1][0]
    points = " ".join(f"{_across(step, last_step):.1f},{_down(value, low, high):.1f}" for step, value in samples)
    return {"name": name, "points": points, "low": low, "high": high, "last": values[-1]}


def _thin(samples):
    """At most _POINTS samples, each the mean of a run of neighbours."""
    size = -(-len(samples) // _POINTS) or 1
    runs = [samples[start:start + size] for start in range(0, len(samples), size)]
    return [(run[-1][0], sum(value for _, value in run) / len(run)) for run in runs]


def _across(step, last_step):
    return MARGIN + (WIDTH - 2 * MARGIN) * step / max(last_step, 1)


def _down(value, low, high):
    return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / ((high - low) or 1)
