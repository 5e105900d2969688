"""How sure the accuracies are: over other test images, and over other trainings. Not in the paper.

Efron and Tibshirani 1993, section 13.3 (percentile intervals). Images are drawn again within each
source, so that every draw has as many of each as the test has; of answers that are right or wrong,
such a draw is a binomial number.
"""

from itertools import count, islice
from typing import NamedTuple

from experiments import existence
from experiments.parts import Headline, Intervals, Section, Table, percent


class Settings(NamedTuple):
    """The bootstrap, and how often the first method is trained."""

    level: float = 0.95      # share of the draws that the interval covers
    draws: int = 10_000      # bootstrap samples
    seed: int = 0            # of their random numbers
    trainings: int = 1       # of the first method on the same images, whose seeds alone differ


def steps(study, settings):
    """What existence needs, as equal trainings are one stage, and more trainings of the first method."""
    if settings.trainings < 1:
        raise ValueError(f"trainings: expected 1 or more, found {settings.trainings}")
    sets, method = study.every_source(), study.methods[0]
    first = study.trained(method, sets)
    others = ((seed, study.trained(method, sets, f"seed-{seed}", seed=seed)) for seed in count())
    others = islice((pair for pair in others if pair[1] != first), settings.trainings - 1)
    return existence.steps(study, existence.Settings()) | {
        f"{method}/seed-{seed}": study.scores(model, sets) for seed, model in others}


def measure(lab, settings):
    """{"level", "methods": [{"name", "all": [low, accuracy, high], "labels"}], "trainings"}.

    labels: [[label, low, recall, high]]. trainings: the accuracy of each training of the first
    method, the usual one first.
    """
    methods = [name for name in lab.names if "/" not in name]
    again = [name for name in lab.names if "/" in name]
    return {"level": settings.level,
            "methods": [{"name": name, **_intervals(lab.metrics(name), settings)}
                        for name in methods],
            "trainings": [lab.metrics(name)["accuracy"] for name in (methods[0], *again)]}


def section(result, figures):
    """Every method's accuracy, the first one's recall of each source, and its other trainings."""
    first, trainings = result["methods"][0], result["trainings"]
    low, accuracy, high = first["all"]
    return Section(
        title="How sure that is",
        lead="Bootstrap intervals: what the figures would be with other test images of the same "
             "sources." + " And what they are after other trainings." * (len(trainings) > 1),
        headline=Headline(f"{percent(low)} to {percent(high)}",
                          f"is where the accuracy of the {first['name']}, {percent(accuracy)}, "
                          f"lies with {percent(result['level'])} confidence."),
        parts=[Intervals("Accuracy of every method",
                         [[method["name"], *method["all"]] for method in result["methods"]]),
               Intervals(f"Recall of every source, {first['name']}", first["labels"]),
               *([_spread(trainings)] if len(trainings) > 1 else [])])


def _spread(accuracies):
    mean = sum(accuracies) / len(accuracies)
    square = sum((one - mean) ** 2 for one in accuracies) / (len(accuracies) - 1)
    return Table(f"Over {len(accuracies)} trainings that differ in their seed alone",
                 ["", "accuracy"],
                 [("mean", percent(mean)), ("standard deviation", percent(square ** 0.5)),
                  ("lowest", percent(min(accuracies))), ("highest", percent(max(accuracies)))],
                 "Of the first method, learning from the same images and tested on the same ones.")


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
