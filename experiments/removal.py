"""Removing a fingerprint: can who knows the first method change images so that it names others?

Not in the paper. Projected gradient descent (Madry et al. 2018) changes every value by a few of its
256 steps at most. Counted are images alone that were attributed rightly before; beside it stand
random changes as large, and what the other methods, which the attack does not know, then say.
"""

from typing import NamedTuple

from experiments.parts import Confusion, Headline, Lines, Section, Table, percent

_ATTACK, _RANDOM = "attack", "random"


class Settings(NamedTuple):
    """The attack; attribution/remove.py says what it does. All of it is ours."""

    epsilons: list[int] = [1, 2, 4, 8]  # steps of 0..255 that a value may change by, at most
    steps: int = 20                     # of the gradient descent
    images: int = 1000                  # test images of every source, the first ones


def steps(study, settings):
    """Attacked and randomly changed test images, said by every method; and what it says of all."""
    _check(settings)
    sets = study.every_source()
    models = {method: study.trained(method, sets) for method in study.methods}
    attacked = _changed(study, sets, models[study.methods[0]], settings)
    clean = {f"{method}/clean": study.scores(model, sets) for method, model in models.items()}
    return clean | {f"{method}/changed": study.scores(model, attacked, rows="all")
                    for method, model in models.items()}


def measure(lab, settings):
    """{"images", "labels", "methods": [dict], "sources": [dict], "taken_for": counts}.

    images: of every source. Each method, the attacked one first: {"name", "right": how many it
    attributed rightly before, "attack", "random": [[epsilon, low, share of these that it no longer
    does, high]]}. Each source, of the first method: {"name", "right", "attack": [[epsilon, share]]}.
    taken_for: [true][named] of those after the largest epsilon.
    """
    methods = list(dict.fromkeys(name.rpartition("/")[0] for name in lab.names))
    found = {method: _Images(lab, method, settings) for method in methods}
    first, largest = found[methods[0]], settings.epsilons[-1]
    return {
        "images": first.each, "labels": first.labels,
        "methods": [{"name": method, "right": int(images.right.sum()),
                     **{how: [[epsilon, *images.lost(how, epsilon)] for epsilon in settings.epsilons]
                        for how in (_ATTACK, _RANDOM)}} for method, images in found.items()],
        "sources": [{"name": label, "right": int(first.right[first.of(place)].sum()),
                     "attack": [[epsilon, first.lost(_ATTACK, epsilon, place)[1]]
                                for epsilon in settings.epsilons]}
                    for place, label in enumerate(first.labels)],
        "taken_for": first.confusion(largest)}


def section(result, figures):
    """How often the fingerprint is gone, by how much may change, by source and by method."""
    first, all_images = result["methods"][0], result["images"] * len(result["labels"])
    (least, _, little, _), (most, low, share, high) = first["attack"][0], first["attack"][-1]
    return Section(
        title="Removing a fingerprint",
        lead=f"Whoever has the {first['name']} can compute, for every image, the small change that "
             "misleads it most. How often does it name another source then? Counted are images "
             f"alone that it attributed rightly before: {first['right']:,} of {all_images:,}.",
        headline=Headline(
            percent(share),
            f"of them ({percent(low)} to {percent(high)}) are attributed to another source after "
            f"no value has changed by more than {most} of 255; with {least} of 255, "
            f"{percent(little)}. After random changes of up to {most}: "
            f"{percent(first['random'][-1][2])}."),
        parts=[*([_lines(first)] if first["right"] else []), _sources(result), _methods(result),
               Confusion(f"What they are taken for, changed by up to {most}", result["labels"],
                         result["taken_for"])])


def _lines(method):
    return Lines(
        f"Images that the {method['name']} no longer attributes to their source",
        "most that a value changes, of 255", "share of those attributed rightly before",
        [(name, [tuple(point) for point in method[how]])
         for how, name in ((_ATTACK, "attack"), (_RANDOM, "random changes"))],
        "Wilson intervals of 95 %. Random changes are drawn evenly from the same range.")


def _sources(result):
    rows = [(one["name"], f"{one['right']:,}", *(percent(share) for _, share in one["attack"]))
            for one in result["sources"]]
    return Table("Fingerprints removed, by source", _columns(result), rows)


def _methods(result):
    most = result["methods"][0]["random"][-1][0]
    rows = [(one["name"], f"{one['right']:,}",
             *(percent(share) for _, _, share, _ in one["attack"]), percent(one["random"][-1][2]))
            for one in result["methods"]]
    return Table("The same images, before every method",
                 [*_columns(result), f"random, up to {most}"], rows,
                 f"The attack knows the {result['methods'][0]['name']} alone. Of every method the "
                 "images count that it attributed rightly itself before they were changed. Of 14 "
                 "methods for other images, “Smudged Fingerprints” (SaTML 2026) reports more than "
                 "80 % where the attack knows the method, more than 50 % where it does not; "
                 "recalled, and not comparable.")


def _columns(result):
    epsilons = [point[0] for point in result["methods"][0]["attack"]]
    return ["", "right before", *(f"changed by up to {epsilon}" for epsilon in epsilons)]


def _check(settings):
    epsilons = settings.epsilons
    if not epsilons or epsilons != sorted({*epsilons}) or not 1 <= epsilons[0] <= epsilons[-1] < 256:
        raise ValueError("epsilons: expected whole numbers from 1 to 255 that grow, "
                         f"found {', '.join(map(str, epsilons)) or 'none'}")
    for name in ("steps", "images"):
        if getattr(settings, name) < 1:
            raise ValueError(f"{name}: expected 1 or more, found {getattr(settings, name)}")


def _changed(study, sets, model, settings):
    """{LABEL@HOW@EPSILON: handle} of the images that `model` was attacked with, and random ones."""
    return {f"{label}@{how}@{epsilon}": study.removed(
                model, images, label, epsilon=epsilon, steps=steps, tests=settings.images)
            for how, steps in ((_ATTACK, settings.steps), (_RANDOM, 0))
            for epsilon in settings.epsilons for label, images in sets.items()}


class _Images:
    """The changed images, before one method.

    each: how many of every source. right: which it attributed rightly before they were changed.
    """

    def __init__(self, lab, method, settings):
        import numpy as np

        clean = lab.scores(f"{method}/clean")
        self._said = {(how, epsilon): lab.scores(f"{method}/changed", f"{how}@{epsilon}")
                      for how in (_ATTACK, _RANDOM) for epsilon in settings.epsilons}
        self.labels, self._truth = clean.labels, next(iter(self._said.values())).truth
        self.each = int((self._truth == 0).sum())  # the first ones of every source's test images
        self.right = np.zeros(len(self._truth), bool)
        for place in range(len(self.labels)):
            self.right[self.of(place)] = clean.right[clean.truth == place][:self.each]

    def of(self, place):
        """Which images are those of a source."""
        return self._truth == place

    def lost(self, how, epsilon, place=None):
        """[low, share, high] of those right before, of all sources or one; None if there are none."""
        from attribution.analysis.metrics import wilson

        counted = self.right if place is None else self.right & self.of(place)
        gone = counted & ~self._said[how, epsilon].right
        return wilson(int(gone.sum()), int(counted.sum())) if counted.any() else [None] * 3

    def confusion(self, epsilon):
        """What those right before are taken for after the attack: counts, [true][named]."""
        from attribution.analysis.metrics import confusion_matrix

        named = self._said[_ATTACK, epsilon].values.argmax(axis=1)
        return confusion_matrix(self._truth[self.right], named[self.right],
                                len(self.labels)).tolist()
