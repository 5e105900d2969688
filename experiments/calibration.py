"""Calibration: where a method says 90 %, is it right nine times of ten? Not in the paper.

Guo et al. 2017: temperature scaling, fitted on validation images, and its effect on test images.
Calibration error in bins of equal mass: Nguyen and O'Connor 2015. Intervals: Wilson 1927.
"""

from typing import NamedTuple

from experiments.parts import Headline, Lines, Section, Table, percent

COLDEST, HOTTEST = 0.05, 20.0  # the temperatures between which the best one is looked for
_DEVIATIONS = 1.96             # of the normal distribution, on either side: an interval of 95 %


class Settings(NamedTuple):
    """How the error of calibration is counted."""

    bins: int = 15    # of equally many images each


def steps(study, settings):
    """Every method's scores of the validation images and of the test images."""
    if settings.bins < 1:
        raise ValueError(f"bins: expected 1 or more, found {settings.bins}")
    sets = study.every_source()
    models = {name: study.trained(name, sets) for name in study.methods}
    return {f"{rows}/{name}": study.scores(model, sets, rows=rows)
            for name, model in models.items() for rows in ("validation", "test")}


def measure(lab, settings):
    """{"bins", "methods": [{"name", "temperature", "images", "before", "after"}]}.

    before, after: of temperature scaling, on test images: {"ece", "nll", "brier", "reliability"}.
    ece: expected calibration error, 0 to 1. nll: negative log-likelihood, nats. brier: 0 to 2.
    reliability: [[certainty, low, accuracy, high]], a row for each bin.
    """
    names = [name.removeprefix("test/") for name in lab.names if name.startswith("test/")]
    return {"bins": settings.bins, "methods": [
        {"name": name, **_before_and_after(lab.scores(f"validation/{name}"),
                                           lab.scores(f"test/{name}"), settings.bins)}
        for name in names]}


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
        parts=[_diagram(first), _errors(result)])


def _diagram(method):
    ends = [(share, share, share, share) for share in (0, 1)]
    scaled = f"divided by {method['temperature']:.2f}"
    return Lines(
        f"Reliability of the {method['name']}", "mean certainty", "share that is right",
        [("scores as they are", method["before"]["reliability"]),
         (scaled, method["after"]["reliability"]), ("as sure as right", ends)],
        f"{method['images']:,} test images; the bands are intervals of 95 %.")


def _errors(result):
    kinds = [(error, when) for error in ("ECE", "NLL", "Brier") for when in ("before", "after")]
    rows = [(method["name"], f"{method['temperature']:.2f}",
             *(f"{method[when][error.lower()]:.3f}" for error, when in kinds))
            for method in result["methods"]]
    return Table(
        "Errors before and after temperature scaling",
        ["", "temperature", *(f"{error}, {when}" for error, when in kinds)], rows,
        f"ECE in {result['bins']} bins of equally many images; NLL in nats; Brier from 0 to 2; "
        "smaller is better. A temperature above 1 says that the method was too sure; one of "
        f"{COLDEST:g} or {HOTTEST:g}, where the search ends, that validation images cannot tell.")


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
    spread = _DEVIATIONS ** 2 / images
    middle = (share + spread / 2) / (1 + spread)
    half = (spread * share * (1 - share) + spread ** 2 / 4) ** 0.5 / (1 + spread)
    return [certainty, max(middle - half, 0.0), share, min(middle + half, 1.0)]
