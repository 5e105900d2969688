"""Confounds: what is told by how 8-bit images were written, not by who made them? Not in the paper.

The published code of some sources truncates values, of others rounds them, of others stretches the
contrast of every image to 0 ... 255. A classifier that sees an image's extremes and histogram alone
and the first method each learn from images as published, from the same images rounded alike, and
from these after all of them, real ones too, went through the same JPEG; and are tested on each.

Grommelt et al. 2024: compression and size give images away in data sets of real and fake ones.
McCloskey and Albright 2018: the share of saturated values tells GANs from cameras.
"""

from typing import NamedTuple

from experiments.parts import Bars, Headline, Section, Table, percent

WRITINGS = {"published": "as published", "round": "rounded alike", "jpeg": "all as JPEG"}
PAIRS = [(learnt, tested) for learnt in WRITINGS for tested in WRITINGS]
VIEWS = {"extremes": 4, "extremes, histogram": None}  # how many of the values that `_see` gives
_LOST = ("What is lost is what the last step of writing a file gave away, which is no trait of a "
         "GAN, and chance.")
_KEPT = "Nothing is lost: it does as well without what the last step of writing a file gives away."


class Settings(NamedTuple):
    """The JPEG, and the trivial classifier: multinomial logistic regression on a few numbers."""

    quality: int = 90      # of the JPEG, 1 to 100; ours
    training: dict = {}    # settings of the method where its trainings for this experiment differ
                           # from the manifest's; {}: in nothing
    images: int = 2000     # of every source to learn from: the first of the training images
    bins: int = 32         # of the histogram of values from 0 to 255
    ridge: float = 1e-4    # weight of the squared weights in the loss
    rounds: int = 1000     # steps of the accelerated gradient descent


def steps(study, settings):
    """Every source in every writing; the first method trained on each, and tested on each."""
    _check(settings)
    method, usual = study.methods[0], study.every_source()
    sets = {writing: _written(study, writing, settings.quality) for writing in WRITINGS}
    found = {f"images/{writing}/{label}": images
             for writing, own in sets.items() for label, images in own.items()}
    for learnt, tested in PAIRS:
        name = "" if sets[learnt] == usual and not settings.training else f"on-{learnt}"
        model = study.trained(method, sets[learnt], name, settings=settings.training)
        found[f"scores/{learnt}/{tested}/{method}"] = study.scores(model, sets[tested])
    return found


def measure(lab, settings):
    """{"labels", "chance", "saturated", "classifiers": [{"name", "cells"}]}.

    classifiers: those that see VIEWS, then the method. cells: [[learnt from, tested on, accuracy]].
    saturated: [[label, writing, share of the test images whose darkest value is 0, share of those
    whose brightest is 255]].
    """
    labels = [name.split("/")[2] for name in lab.names if name.startswith("images/published/")]
    seen = {writing: _see_all(lab, writing, labels, settings) for writing in WRITINGS}
    method = next(name for name in lab.names if name.startswith("scores/")).split("/")[3]
    trivial = [{"name": name, "cells": _trivial(seen, columns, settings)}
               for name, columns in VIEWS.items()]
    cells = [[learnt, tested, lab.metrics(f"scores/{learnt}/{tested}/{method}")["accuracy"]]
             for learnt, tested in PAIRS]
    return {"labels": labels, "chance": 1 / len(labels), "saturated": _saturated(labels, seen),
            "classifiers": [*trivial, {"name": method, "cells": cells}]}


def section(result, figures):
    """Accuracy by what was learnt from and what it was tested on, and what that means."""
    trivial = _accuracies(result["classifiers"][-2])
    return Section(
        title="Told by how they were written",
        lead="A classifier that sees nothing of an image but its darkest value, its brightest "
             "value and a histogram knows no fingerprint. What it gets right, other things give "
             "away.",
        headline=Headline(
            percent(trivial["published", "published"]),
            "of the test images, written as the published code of each source does it, such a "
            f"classifier attributes to their source; {percent(trivial['round', 'round'])} if all "
            f"are rounded alike. A guess would be right {percent(result['chance'])} of the time."),
        parts=[_bars(result), _cells(result), _extremes(result)])


def _bars(result):
    rows = [(f"{one['name']}, {WRITINGS[learnt]}", *[accuracy] * 3)
            for one in result["classifiers"]
            for learnt, tested, accuracy in one["cells"] if learnt == tested]
    return Bars("Learnt from and tested on images written alike", "share that is right",
                rows, f"A guess: {percent(result['chance'])}.")


def _cells(result):
    rows = [(f"{one['name']}, learnt {WRITINGS[learnt]}",
             *(percent(_accuracies(one)[learnt, tested]) for tested in WRITINGS))
            for one in result["classifiers"] for learnt in WRITINGS]
    return Table("What is right, by how the images were written that it learnt from",
                 ["", *(f"tested {how}" for how in WRITINGS.values())], rows, _meaning(result))


def _meaning(result):
    """The paragraph that says what the numbers mean."""
    method, shares = result["classifiers"][-1]["name"], _accuracies(result["classifiers"][-1])
    learnt = {pair: percent(share) for pair, share in shares.items()}
    trivial = _accuracies(result["classifiers"][-2])
    lost = shares["published", "published"] - shares["round", "round"]
    return (
        f"Of images as published, the {method} attributes {learnt['published', 'published']} "
        f"rightly; having learnt from the same images rounded alike, {learnt['round', 'round']} of "
        f"those. {_LOST if lost > 0 else _KEPT} Tested on the writing from which it did "
        f"not learn, it gets {learnt['published', 'round']} and {learnt['round', 'published']} "
        "right: the lower these are, the more it goes by the writing. What the trivial classifier "
        f"tells of images rounded alike, {percent(trivial['round', 'round'])}, it tells by "
        "brightness, contrast and saturation, as McCloskey and Albright (2018) tell GANs from "
        "cameras: traits of a source's images, but no fingerprint in the places of their pixels. "
        "Rounding does not make all alike: real images were JPEG files once, and Grommelt et al. "
        "(2024) show that compression and size alone can give images away. After all images went "
        f"through one more JPEG, the same for all, the {method} that learnt from such images "
        f"attributes {learnt['jpeg', 'jpeg']} of them rightly: what only an older JPEG gave away "
        f"is weaker there, and so are fine traces of a source. Without having learnt from JPEG "
        f"files it gets {learnt['round', 'jpeg']} of them right.")


def _extremes(result):
    rows = [(label, WRITINGS[writing], percent(dark), percent(bright))
            for label, writing, dark, bright in result["saturated"]]
    return Table("Test images whose …", ["", "", "darkest value is 0", "brightest value is 255"],
                 rows, "Where all images have both as published, and few of them rounded alike, "
                       "each was stretched to the whole range.")


def _accuracies(classifier):
    return {(learnt, tested): accuracy for learnt, tested, accuracy in classifier["cells"]}


def _check(settings):
    for name in ("images", "rounds"):
        if getattr(settings, name) < 1:
            raise ValueError(f"{name}: expected 1 or more, found {getattr(settings, name)}")
    for name, most in (("bins", 256), ("quality", 100)):
        if not 1 <= getattr(settings, name) <= most:
            raise ValueError(f"{name}: expected 1 to {most}, found {getattr(settings, name)}")
    if settings.ridge < 0:
        raise ValueError(f"ridge: expected 0 or more, found {settings.ridge}")


def _written(study, writing, quality):
    """Real images, which nobody rounded anew, and those of every source."""
    if writing == "jpeg":
        return {label: study.perturbed(images, "jpeg", quality=quality)
                for label, images in _written(study, "round", quality).items()}
    return {study.REAL: study.real()} | {name: study.images(name, quantize=writing)
                                         for name in study.sources}


def _see_all(lab, writing, labels, settings):
    """What is seen of every source's images, [(N, values)]: of those to learn from, of the test."""
    names = [f"images/{writing}/{label}" for label in labels]
    return ([_see(lab.images(name, "train")[:settings.images], settings.bins) for name in names],
            [_see(lab.images(name, "test"), settings.bins) for name in names])


def _see(images, bins):
    """Of every image darkest and brightest value, are they 0 and 255, and the histogram."""
    import numpy as np

    bin_of = np.arange(256) * bins // 256
    dark, bright = images.min(axis=(1, 2, 3)), images.max(axis=(1, 2, 3))
    shares = [np.bincount(bin_of[image].ravel(), minlength=bins) / image.size for image in images]
    return np.column_stack([dark / 255, bright / 255, dark == 0, bright == 255, np.array(shares)])


def _saturated(labels, seen):
    return [[label, writing, *map(float, seen[writing][1][place][:, 2:4].mean(axis=0))]
            for place, label in enumerate(labels) for writing in WRITINGS]


def _trivial(seen, columns, settings):
    """[[learnt from, tested on, accuracy]] of the classifier that sees the first `columns`."""
    def part(sets):
        return [values[:, :columns] for values in sets]

    fitted = {writing: _fit(part(train), settings) for writing, (train, _) in seen.items()}
    return [[learnt, tested, _accuracy(fitted[learnt], part(seen[tested][1]))]
            for learnt, tested in PAIRS]


def _fit(sets, settings):
    """Mean and deviation of the values, and weights (values + 1, labels). sets: [(N, values)].

    Multinomial logistic regression by Nesterov's accelerated gradient descent; its step is the
    inverse of the largest curvature that the loss can have (Böhning 1992).
    """
    import numpy as np

    rows = np.concatenate(sets)
    truth = np.repeat(np.eye(len(sets)), [len(values) for values in sets], axis=0)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    deviation[deviation == 0] = 1
    rows = _scaled(rows, mean, deviation)
    curvature = np.linalg.eigvalsh(rows.T @ rows / len(rows))[-1] / 2 + settings.ridge
    weights = ahead = np.zeros((rows.shape[1], len(sets)))
    for step in range(settings.rounds):
        slope = rows.T @ (_softmax(rows @ ahead) - truth) / len(rows) + settings.ridge * ahead
        before, weights = weights, ahead - slope / curvature
        ahead = weights + step / (step + 3) * (weights - before)
    return mean, deviation, weights


def _accuracy(fitted, sets):
    """The share of all rows of `sets`, [(N, values)], whose label is the place of their set."""
    mean, deviation, weights = fitted
    right = [(_scaled(values, mean, deviation) @ weights).argmax(axis=1) == label
             for label, values in enumerate(sets)]
    return float(sum(map(sum, right)) / sum(map(len, right)))


def _scaled(rows, mean, deviation):
    import numpy as np

    return np.column_stack([(rows - mean) / deviation, np.ones(len(rows))])


def _softmax(scores):
    import numpy as np

    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
