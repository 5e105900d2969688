"""Training curves as small SVG drawings, one for every loss."""

import math

WIDTH, HEIGHT, MARGIN = 600, 60, 3
_POINTS = 200  # as many as a drawing this wide can show
_MOST = 1e300  # of steps and losses
_CUT = 0.02  # share of the points, at either end, that may lie outside: a loss explodes before it falls


def checked(said):
    """The curve of a training.json, for which nobody vouches: of its entries those that docs/contract.md allows."""
    entries = said.get("curve") if isinstance(said, dict) else None
    known = [entry for entry in entries if isinstance(entry, dict) and _is_number(entry.get("step"))
             and isinstance(entry.get("losses"), dict)] if isinstance(entries, list) else []
    return [{"step": entry["step"],
             "losses": {name: value for name, value in entry["losses"].items() if _is_number(value)}}
            for entry in known]


def draw(curve):
    """Lines of a loss curve, [{"step", "losses": {name: value}}]: [{"name", "points", "low", "high", "last"}].

    Each loss has its own vertical scale, from `low` to `high`; `points` is the attribute of an SVG polyline in
    a box of WIDTH x HEIGHT. Values that are not finite are left out.
    """
    names = sorted({name for entry in curve for name in entry["losses"]})
    lines = (_line(name, [(entry["step"], entry["losses"][name]) for entry in curve if name in entry["losses"]])
             for name in names)
    return [line for line in lines if line]


def _line(name, samples):
    samples = _thin([(step, value) for step, value in samples if math.isfinite(value)])
    if len(samples) < 2:
        return None
    values = sorted(value for _, value in samples)
    cut = int(len(values) * _CUT)
    low, high, first, last = values[cut], values[-1 - cut], samples[0][0], samples[-1][0]
    points = " ".join(f"{WIDTH * (step - first) / ((last - first) or 1):.1f},{_down(value, low, high):.1f}"
                      for step, value in samples)
    return {"name": name, "points": points, "low": low, "high": high, "last": samples[-1][1]}


def _thin(samples):
    """At most _POINTS samples, each the mean of a run of neighbours."""
    size = -(-len(samples) // _POINTS) or 1
    runs = [samples[start:start + size] for start in range(0, len(samples), size)]
    return [(run[-1][0], sum(value for _, value in run) / len(run)) for run in runs]


def _down(value, low, high):
    share = (value - low) / ((high - low) or 1)
    return HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * min(max(share, 0), 1)


def _is_number(value):
    return isinstance(value, (int, float)) and -_MOST <= value <= _MOST  # which NaN is not
