"""What a plot shows in words, made from its data, for who cannot see it."""

from attribution.analysis.report.numbers import finite, shown, writer

_MOST = 12  # rows that are read out one by one


def text(part):
    """One text for clean Lines, Bars, Heatmap or Points."""
    title = f"{part.title}: " if part.title else ""
    return title + {"Lines": _lines, "Bars": _bars, "Heatmap": _heatmap,
                    "Points": _points}[type(part).__name__](part)


def _lines(part):
    return f"{part.y} over {part.x}. " + "; ".join(
        _line(name, samples, writer(part)) for name, samples in part.series) + "."


def _line(name, samples, write):
    ends = [f"{write(value)} at {shown(x)}" for x, _, value, _ in (samples[0], samples[-1])]
    lowest, highest = (choose(samples, key=lambda sample: sample[2]) for choose in (min, max))
    return (f"{name}: from {ends[0]} to {ends[1]}, "
            f"lowest {write(lowest[2])} at {shown(lowest[0])}, "
            f"highest {write(highest[2])} at {shown(highest[0])}")


def _bars(part):
    rows, write = part.rows, writer(part)
    more = f"; and {len(rows) - _MOST} more" if len(rows) > _MOST else ""
    return f"{part.y}. " + "; ".join(
        f"{name} {write(value)}" + (f" ({write(low)} to {write(high)})" if low < high else "")
        for name, low, value, high in rows[:_MOST]) + more + "."


def _heatmap(part):
    cells = [(value, row, column) for row, values in zip(part.rows, part.values, strict=True)
             for column, value in zip(part.columns, values, strict=True) if finite([value])]
    size = f"{len(part.rows)} rows and {len(part.columns)} columns"
    if not cells:
        return f"{size}, all empty."
    ends = [f"{shown(value)} at {row} and {column}"
            for value, row, column in (min(cells, key=_value), max(cells, key=_value))]
    return f"{size}; lowest {ends[0]}, highest {ends[1]}."


def _value(cell):
    return cell[0]


def _points(part):
    groups = [f"{name} ({len(points):,})" for name, points in part.series]
    return f"points of {', '.join(groups)}."
