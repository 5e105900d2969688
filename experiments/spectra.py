"""Spectra: what does each source leave in the noise of its images, and at which frequencies?

Not in the paper. Mean power spectra of denoising residuals and their autocorrelations: Marra et al.
2019, Corvi et al. 2023. Means over rings of frequencies, beside real images': Durall et al. 2020.
"""

from typing import NamedTuple

from experiments.parts import Headline, Heatmap, Lines, Section, Table

_BLOCK = 50  # images that are looked at together, to save memory
_NEAR = 2    # pixels of a shift up to which the denoiser makes repetitions itself
_LEVELS, _CORRELATION = 20, 0.5  # the most that is shown, of dB and of correlations


class Settings(NamedTuple):
    """How much is looked at."""

    images: int = 1000    # of every source: the first of the test images


def steps(study, settings):
    """The images of every source, real ones first."""
    if settings.images < 2:
        raise ValueError(f"images: expected 2 or more, found {settings.images}")
    return study.every_source()


def measure(lab, settings):
    """{"images" of each, "sources": [a dict for each, the real one first]}.

    Of each: "name"; "spectrum", the mean power of its residuals in dB above the mean of all
    frequencies, and "autocorrelation", both (R, R) with 0 at R // 2; "lag" [rows, columns,
    correlation], where it repeats most; "radial" [[frequency, low, dB, high]], mean power over the
    real images', with its interval of 95 %.
    """
    seen = {name: _see(lab.images(name, "test")[:settings.images]) for name in lab.names}
    real = next(iter(seen.values()))[1]
    return {"images": min(len(rings) for _, rings in seen.values()), "sources": [
        {"name": name, **_show(spectrum), "radial": _over(rings, real, len(spectrum))}
        for name, (spectrum, rings) in seen.items()]}


def section(result, figures):
    """Spectra and autocorrelations side by side, and each source's curve over the real images'."""
    real, *fakes = result["sources"]
    departures = {source["name"]: _departure(source) for source in fakes}
    name = max(departures, key=lambda name: abs(departures[name][2]))
    frequency, _, value, _ = departures[name]
    return Section(
        title="Spectra",
        lead="A denoiser takes what an image shows; what is left has the marks of how it was made. "
             "What repeats with a period stands out as points in the spectrum.",
        headline=Headline(
            f"{_decibels(value)} dB",
            f"is the largest departure from real images: that of the residuals of {name}, at "
            f"{frequency:.3f} cycles per pixel. 0 dB: as much power as real images have there."),
        parts=[_curves(fakes, real["name"]), _table(result["sources"], departures),
               _tiles("Mean power spectra of residuals, dB",
                      {source["name"]: source["spectrum"] for source in result["sources"]},
                      _LEVELS, "Above and below each source's mean over all frequencies. Frequency "
                               "0 is in the middle, the highest are at the edges."),
               _tiles("Autocorrelations of residuals",
                      {source["name"]: _without_middle(source["autocorrelation"])
                       for source in result["sources"]},
                      _CORRELATION, "Shift 0, where it is 1, is in the middle, and left out with "
                                    f"shifts of up to {_NEAR} pixels.")])


def _curves(fakes, real):
    series = [(source["name"], [tuple(point) for point in source["radial"]]) for source in fakes]
    return Lines(f"Residual power over that of the {real} images", "frequency, cycles per pixel",
                 "dB", series, "Means over rings of frequencies; the bands are intervals of 95 %. "
                               "Above 0.5 there are diagonal frequencies alone.")


def _table(sources, departures):
    rows = []
    for source in sources:
        departs, (down, right, correlation) = ("–", "–", "–"), source["lag"]
        if source["name"] in departures:
            frequency, *found = departures[source["name"]]
            low, value, high = map(_decibels, found)
            departs = f"{frequency:.3f}", value, f"{low} to {high}"
        rows.append((source["name"], *departs, f"{down} down, {right} across",
                     f"{correlation:.2f}".replace("-", "−")))
    columns = ["", "frequency, cycles per pixel", "largest departure, dB", "interval",
               "repeats most after pixels", "correlation"]
    return Table("Where each source departs most, and what repeats", columns, rows,
                 "The denoiser is a local Wiener filter: 5 × 5 pixels, noise of deviation 5. "
                 f"Repetitions within {_NEAR} pixels are not looked at, as it makes some.")


def _tiles(title, tiles, most, note):
    """One matrix of all tiles, {name: matrix}, side by side; a column between two is empty.

    What is beyond `most`, above zero or below, is shown as that: it would make all else faint.
    """
    columns, rows = [], [[] for _ in next(iter(tiles.values()))]
    for name, tile in tiles.items():
        gap = [None] if columns else []
        columns += [""] * len(gap) + [name] * len(tile)
        for row, values in zip(rows, tile, strict=True):
            row += gap + [value if value is None else max(-most, min(value, most))
                          for value in values]
    return Heatmap(title, [""] * len(rows), columns, rows,
                   f"{note} Beyond ±{most} it is shown as that.")


def _without_middle(matrix):
    """An autocorrelation that has None where the shift is small."""
    near = range(len(matrix) // 2 - _NEAR, len(matrix) // 2 + _NEAR + 1)
    return [[None if row in near and column in near else value
             for column, value in enumerate(values)] for row, values in enumerate(matrix)]


def _departure(source):
    """The point of its curve that is farthest from 0 dB."""
    return max(source["radial"], key=lambda point: abs(point[2]))


def _decibels(value):
    return f"{value:+.1f}".replace("-", "−")


def _see(images):
    """The mean power spectrum (R, R) of residuals of images, and each one's rings (N, rings)."""
    import numpy as np

    from attribution.analysis.spectra import power, radial, residuals

    total, rings = 0, []
    for first in range(0, len(images), _BLOCK):
        spectra = power(residuals(images[first:first + _BLOCK]))
        total, rings = total + spectra.sum(axis=0), [*rings, radial(spectra)]
    return total / len(images), np.concatenate(rings)


def _show(spectrum):
    """A spectrum as it is shown, its autocorrelation, and where that is strongest."""
    import numpy as np

    from attribution.analysis.spectra import autocorrelation, centred, strongest_lag

    correlation = autocorrelation(spectrum)
    level = 10 * np.log10(np.maximum(spectrum / (spectrum.mean() or 1), 1e-6))
    return {"spectrum": centred(level).round(1).tolist(),
            "autocorrelation": centred(correlation).round(3).tolist(),
            "lag": list(strongest_lag(correlation, _NEAR))}


def _over(rings, real, size):
    """[[frequency, low, dB, high]]: mean power over the real images', of rings (N, rings).

    The interval is that of a ratio of two means of independent images, by the delta method.
    """
    import numpy as np

    least = 1e-12
    own, other = (values.mean(axis=0).clip(least) for values in (rings, real))
    errors = [values.var(axis=0, ddof=1) / len(values) / mean ** 2
              for values, mean in ((rings, own), (real, other))]
    value, reach = np.log(own / other), 1.959964 * np.sqrt(sum(errors))
    decibels = np.stack([value - reach, value, value + reach], axis=1) * 10 / np.log(10)
    return [[ring / size, *map(float, row)] for ring, row in enumerate(decibels) if ring]
