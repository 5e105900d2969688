"""Calibration: where a method says 90 %, is it right nine times of ten? Not in the paper.

Guo et al. 2017: temperature scaling, fitted on validation images, and its effect on test images.
Calibration error in bins of equal mass: Nguyen and O'Connor 2015. That a temperature of clean images
may not do for others: Ovadia et al. 2019.
"""

from typing import NamedTuple

from experiments import robustness
from experiments.parts import Bars, Headline, Lines, Section, Table, percent

COLDEST, HOTTEST = 0.05, 20.0  # the temperatures between which the best one is looked for
_ERRORS = ("ECE", "NLL", "Brier")
_SIDES = ("before", "after")   # of temperature scaling


class Settings(NamedTuple):
    """How the error of calibration is counted, and of which images."""

    bins: int = 15    # of equally many images each
    kinds: list[str] = list(robustness.TITLES)  # perturbations, at the published range, under which
                                                # the first method is looked at too; []: none


def steps(study, settings):
    """Every method's scores of validation and test images; the first one's of perturbed ones."""
    _check(settings)
    sets = study.every_source()
    models = {name: study.trained(name, sets) for name in study.methods}
    needs = {f"{rows}/{name}": study.scores(model, sets, rows=rows)
             for name, model in models.items() for rows in ("validation", "test")}
    if settings.kinds:
        shown = robustness.conditions(study, sets, robustness.Settings(), settings.kinds)
        needs["perturbed"] = study.scores(models[study.methods[0]], shown)
    return needs


def measure(lab, settings):
    """{"bins", "methods": [{"name", "temperature", "images", "before", "after"}], "perturbed"}.

    before, after: of temperature scaling, on test images: {"ece", "nll", "brier", "reliability"}.
    ece: expected calibration error, 0 to 1. nll: negative log-likelihood, nats. brier: 0 to 2.
    reliability: [[certainty, low, accuracy, high]], a row for each bin.
    perturbed: [{"name", "accuracy", "before", "after"}] of the first method, for clean images and
    for each perturbation; the temperature is that of the clean validation images.
    """
    names = [name.removeprefix("test/") for name in lab.names if name.startswith("test/")]
    methods = [{"name": name, **_before_and_after(lab.scores(f"validation/{name}"),
                                                  lab.scores(f"test/{name}"), settings.bins)}
               for name in names]
    kinds = [robustness.CLEAN, *settings.kinds] if settings.kinds else []
    return {"bins": settings.bins, "methods": methods, "perturbed": [
        _perturbed(kind, lab.scores("perturbed", kind), methods[0]["temperature"], settings.bins)
        for kind in kinds]}


def section(result, figures):
    """The first method's reliability diagram, and every method's errors before and after."""
    first = result["methods"][0]
    return Section(
        title="Is it as sure as it is right?",
        lead="Each point is a part of the test images, those about whose source the method is "
             "equally sure, and shows how often it is right about them. On the diagonal it is as "
             "sure as it is right, below it too sure.",
        headline=Headline(
            f"{percent(first['before']['ece'])} → {percent(first['after']['ece'])}",
            f"is how far the {first['name']}'s certainty lies from its accuracy, before and after "
            f"its scores are divided by {first['temperature']:.2f}, a temperature that validation "
            "images gave."),
        parts=[_diagram(first), _errors(result), *_under_perturbations(result)])


def _diagram(method):
    ends = [(share, share, share, share) for share in (0, 1)]
    scaled = f"divided by {method['temperature']:.2f}"
    return Lines(
        f"Reliability of the {method['name']}", "mean certainty", "share that is right",
        [("scores as they are", method["before"]["reliability"]),
         (scaled, method["after"]["reliability"]), ("as sure as right", ends)],
        f"{method['images']:,} test images; the bands are intervals of 95 %.")


def _errors(result):
    rows = [(method["name"], f"{method['temperature']:.2f}", *_told(method))
            for method in result["methods"]]
    return Table(
        "Errors before and after temperature scaling", ["", "temperature", *_columns()], rows,
        f"ECE in {result['bins']} bins of equally many images; NLL in nats; Brier from 0 to 2; "
        "smaller is better. A temperature above 1 says that the method was too sure; one of "
        f"{COLDEST:g} or {HOTTEST:g}, where the search ends, that validation images cannot tell.")


def _under_perturbations(result):
    """A plot and a table of the first method on perturbed images, if it was shown any."""
    first, shown = result["methods"][0]["name"], result["perturbed"]
    if not shown:
        return []
    note = "The temperature is the one of clean validation images: nobody knows that of images " \
           "to which something happened."
    bars = [(f"{one['name']}, {when}", *[one[when]["ece"]] * 3) for one in shown for when in _SIDES]
    rows = [(one["name"], percent(one["accuracy"]), *_told(one)) for one in shown]
    return [Bars(f"Calibration error of the {first} on perturbed images", "ECE", bars, note),
            Table(f"Errors of the {first} on perturbed images", ["", "accuracy", *_columns()],
                  rows, "At the published range of each perturbation.")]


def _columns():
    return [f"{error}, {when}" for error in _ERRORS for when in _SIDES]


def _told(one):
    return [f"{one[when][error.lower()]:.3f}" for error in _ERRORS for when in _SIDES]


def _check(settings):
    if settings.bins < 1:
        raise ValueError(f"bins: expected 1 or more, found {settings.bins}")
    robustness.check_kinds(settings.kinds)


def _perturbed(kind, scores, temperature, bins):
    """The row of one perturbation; without the reliability of each bin, which nobody draws."""
    found = {when: _quality(scores, degrees, bins)
             for when, degrees in zip(_SIDES, (1.0, temperature), strict=True)}
    return {"name": kind, "accuracy": float(scores.right.mean()),
            **{when: {error.lower(): quality[error.lower()] for error in _ERRORS}
               for when, quality in found.items()}}


def _before_and_after(validation, test, bins):
    temperature = _temperature(validation)
    return {"temperature": float(temperature), "images": len(test.truth),
            "before": _quality(test, 1.0, bins), "after": _quality(test, temperature, bins)}


def _temperature(scores):
    """The temperature that makes the true labels of `scores` likeliest.

    Their log-likelihood is concave in 1 / temperature, and its slope is the true label's score less
    the expected one, on average.
    """
    import numpy as np

    true = np.take_along_axis(scores.values, scores.truth[:, None], axis=1).mean()
    low, high = COLDEST, HOTTEST
    for _ in range(60):
        middle = (low * high) ** 0.5
        expected = (np.exp(scores.log_probabilities(middle)) * scores.values).sum(axis=1).mean()
        low, high = (low, middle) if expected < true else (middle, high)
    return middle


def _quality(scores, temperature, bins):
    import numpy as np

    logs, own = scores.log_probabilities(temperature), scores.truth[:, None]
    probabilities, wanted = np.exp(logs), np.eye(len(scores.labels))[scores.truth]
    binned = _bins(probabilities.max(axis=1), scores.right, bins)
    return {"nll": float(-np.take_along_axis(logs, own, axis=1).mean()),
            "brier": float(((probabilities - wanted) ** 2).sum(axis=1).mean()),
            "ece": sum(abs(sure - right) * images for sure, right, images in binned) / len(logs),
            "reliability": [_with_interval(*one) for one in binned]}


def _bins(certainty, right, bins):
    """[(mean certainty, share that is right, images)], equally many images each."""
    import numpy as np

    # Equally certain answers share their accuracy: it must not matter in which order they stand.
    _, place, count = np.unique(certainty, return_inverse=True, return_counts=True)
    share = (np.bincount(place, right) / count)[place]
    parts = np.array_split(certainty.argsort(), bins)
    return [(float(certainty[part].mean()), float(share[part].mean()), len(part))
            for part in parts if len(part)]


def _with_interval(certainty, share, images):
    from attribution.analysis.metrics import wilson

    return [certainty, *wilson(share * images, images)]
