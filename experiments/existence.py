"""Existence: GANs leave fingerprints, by which their images are told from real ones and from each other's.

Yu, Davis and Fritz 2019, section 4.2: five sources, one of them real.
"""

from typing import NamedTuple

from experiments.parts import Confusion, Headline, Section, beside_published, percent


class Settings(NamedTuple):
    """There is nothing to choose: the sources and the methods are those of the manifest."""


def steps(study, settings):
    """Every method learns to tell all sources apart, and scores the images kept for the test."""
    sets = study.every_source()
    return {name: study.scores(study.trained(name, sets), sets) for name in study.methods}


def measure(lab, settings):
    """{"methods": [accuracy, confusion matrix, precision and recall of every source]}, in their order."""
    return {"methods": [{"name": name, **lab.metrics(name)} for name in lab.names]}


def section(result, figures):
    """The first method's confusion matrix, and every method's accuracy beside the published ones."""
    first = result["methods"][0]
    accuracies = {f"here, {method['name']}": method["accuracy"] for method in result["methods"]}
    return Section(
        title="Who is taken for whom",
        lead="A row for the source of the images, a column for what the first method said.",
        headline=Headline(
            percent(first["accuracy"]),
            f"of {first['images']:,} images that the classifier had never seen were attributed to "
            f"the source that made them. A guess among the {len(first['labels'])} sources would be "
            f"right {percent(first['chance'])} of the time."),
        parts=[Confusion("", first["labels"], first["confusion"]),
               beside_published(accuracies, figures)])
