"""Superiority: is the learnt method better than simpler ones, and could that be chance?

Yu, Davis and Fritz 2019, section 4.2 compare with kNN, Eigenface and PRNU: the manifest's methods
after the first. All say their answers to the same images, so two are compared by the images that
one of them alone is right about (exact McNemar test; not in the paper).
"""

from typing import NamedTuple

from experiments import existence
from experiments.parts import Bars, Headline, Section, Table, percent


class Settings(NamedTuple):
    """There is nothing to choose: the methods are those of the manifest."""


def steps(study, settings):
    """What existence needs: equal trainings are one stage."""
    return existence.steps(study, existence.Settings())


def measure(lab, settings):
    """{"images", "methods": [{"name", "accuracy": [low, value, high], "against"}]}.

    against: None for the first method; of another {"first_alone", "alone", "p", "holm"}: images
    that the first or this one alone is right about, the probability of so unequal numbers if both
    were as good, and this for as many comparisons as there are.
    """
    found = {name: lab.scores(name) for name in lab.names}
    right = {name: scores.values.argmax(axis=1) == scores.truth for name, scores in found.items()}
    first, *others = lab.names
    against = [_against(right[first], right[name]) for name in others]
    for one, p in zip(against, holm([one["p"] for one in against]), strict=True):
        one["holm"] = p
    return {"images": len(right[first]), "methods": [
        {"name": name, "accuracy": lab.metrics(name)["interval"], "against": one}
        for name, one in zip(lab.names, [None, *against], strict=True)]}


def section(result, figures):
    """Every method's accuracy as a bar, the comparisons as a table, and what was published."""
    first, *others = result["methods"]
    parts = [Bars("Accuracy of every method", "share of images attributed rightly",
                  [(one["name"], *one["accuracy"]) for one in result["methods"]],
                  "Wilson intervals of 95 %.")]
    if others:
        parts.append(_comparisons(first, others))
    return Section(
        title="Beside simpler methods",
        lead=f"All methods learnt from the same images and were asked about the same {result['images']:,}.",
        headline=Headline(percent(first["accuracy"][1]), _sentence(first, others)),
        parts=[*parts, *_published(result["methods"], figures)])


def mcnemar(first_alone, other_alone):
    """The two-sided p of the exact McNemar test: of a fair coin that falls so unequally."""
    count, term, total = first_alone + other_alone, 1, 0
    for number in range(min(first_alone, other_alone) + 1):
        total += term
        term = term * (count - number) // (number + 1)
    return min(2 * total / 2 ** count, 1.0)


def holm(values):
    """p values of several tests, each as it counts among all (Holm 1979)."""
    ordered, adjusted, least = sorted(values), {}, 0.0
    for place, p in enumerate(ordered):
        least = max(least, min((len(values) - place) * p, 1.0))
        adjusted[p] = least
    return [adjusted[p] for p in values]


def _against(first, other):
    first_alone, alone = int((first & ~other).sum()), int((other & ~first).sum())
    return {"first_alone": first_alone, "alone": alone, "p": mcnemar(first_alone, alone)}


def _comparisons(first, others):
    rows = [(one["name"], percent(one["accuracy"][1]), f"{one['against']['first_alone']:,}",
             f"{one['against']['alone']:,}", _p(one["against"]["p"]), _p(one["against"]["holm"]))
            for one in others]
    return Table(f"{first['name']} against each other method",
                 ["", "accuracy", f"only {first['name']} right", "only this right", "p", "p, Holm"],
                 rows, "Exact McNemar test, two-sided; Holm: as one of these comparisons.")


def _sentence(first, others):
    if not others:
        return f"is the accuracy of {first['name']}; the manifest names no other method."
    best = max(others, key=lambda one: one["accuracy"][1])
    return (f"is the accuracy of {first['name']}; the best of the others, {best['name']}, has "
            f"{percent(best['accuracy'][1])} (p {_p(best['against']['p'], 'of ')}).")


def _published(methods, figures):
    """A table of what was published of each method, and of what is measured here beside it."""
    datasets = list(dict.fromkeys(figure["dataset"] for figure in figures))
    rows = []
    for name in dict.fromkeys(figure["method"] for figure in figures):
        here = [percent(one["accuracy"][1]) for one in methods
                if one["name"].lower().startswith(name.lower())]
        paper = {figure["dataset"]: figure for figure in figures if figure["method"] == name}
        published = [_figure(paper.get(one)) for one in datasets]
        rows.append((name, " / ".join(here) or "–", *published))
    doubt = "" if all(figure["verified"] for figure in figures) else (
        " * Not verified: recalled, and not read again in the paper.")
    columns = ["", "here", *(f"paper, {one}" for one in datasets)]
    return [Table("Beside the published study", columns, rows,
                  f"The paper's images have 128 × 128 pixels.{doubt}")] if rows else []


def _figure(figure):
    if figure is None:
        return "–"
    return percent(figure["value"]) + ("" if figure["verified"] else " *")


def _p(value, equal=""):
    return "under 0.0001" if value < 0.0001 else f"{equal}{value:.4f}"
