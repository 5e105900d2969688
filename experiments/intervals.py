"""How sure the accuracies are: bootstrap intervals over the test images. Not in the paper.

Efron and Tibshirani 1993, section 13.3 (percentile intervals). Images are drawn again within each source, so
that every draw has as many of each as the test has; of answers that are right or wrong, such a draw is a
binomial number.
"""

from typing import NamedTuple

from experiments import existence
from experiments.parts import Headline, Intervals, Section, percent


class Settings(NamedTuple):
    """The bootstrap."""

    level: float = 0.95      # share of the draws that the interval covers
    draws: int = 10_000      # bootstrap samples
    seed: int = 0            # of their random numbers


def steps(study, settings):
    """What existence needs: equal trainings are one stage."""
    return existence.steps(study, existence.Settings())


def measure(lab, settings):
    """{"level", "methods": [{"name", "all": [low, accuracy, high], "labels": [[label, low, recall, high]]}]}."""
    return {"level": settings.level,
            "methods": [{"name": name, **_intervals(lab.metrics(name), settings)} for name in lab.names]}


def section(result, figures):
    """Every method's accuracy, and the first one's recall of each source, with their intervals."""
    first = result["methods"][0]
    low, accuracy, high = first["all"]
    return Section(
        title="How sure that is",
        lead="Bootstrap intervals: what the figures would be with other test images of the same sources.",
        headline=Headline(f"{percent(low)} to {percent(high)}",
                          f"is where the accuracy of the {first['name']}, {percent(accuracy)}, lies with "
                          f"{percent(result['level'])} confidence."),
        parts=[Intervals("Accuracy of every method",
                         [[method["name"], *method["all"]] for method in result["methods"]]),
               Intervals(f"Recall of every source, {first['name']}", first["labels"])])


def _intervals(found, settings):
    import numpy as np

    confusion = np.array(found["confusion"])
    images, right = confusion.sum(axis=1), confusion.diagonal()
    random = np.random.default_rng(settings.seed)
    drawn = random.binomial(images, right / np.maximum(images, 1), (settings.draws, len(images)))
    edges = (1 - settings.level) / 2, (1 + settings.level) / 2

    def interval(draws, count, total):
        low, high = np.quantile(draws / max(total, 1), edges)
        return [float(low), float(count / max(total, 1)), float(high)]

    return {"all": interval(drawn.sum(axis=1), right.sum(), images.sum()),
            "labels": [[label, *interval(drawn[:, place], right[place], images[place])]
                       for place, label in enumerate(found["labels"])]}
