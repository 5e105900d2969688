"""Uniqueness: trainings that differ in nothing but their seed leave fingerprints of their own.

Yu, Davis and Fritz 2019, section 4.3: real images and ten ProGANs, eleven classes.
"""

from typing import NamedTuple

from experiments.parts import Confusion, Headline, Section, beside_published, percent


class Settings(NamedTuple):
    """Which trainings are told apart."""

    source: str = ""    # a source of the manifest; "": the first one, which was ProGAN
    count: int = 10     # trainings; their seeds are 0, 1, ...


def steps(study, settings):
    """Trainings with seeds from 0, and the first method to tell them and real images apart."""
    source, method = settings.source or study.sources[0], study.methods[0]
    sets = {study.REAL: study.real()}
    sets |= {f"seed-{seed}": study.images(source, seed=seed) for seed in range(settings.count)}
    return {"scores": study.scores(study.trained(method, sets, "seeds"), sets)}


def measure(lab, settings):
    """Accuracy, confusion matrix, precision and recall of every training."""
    return lab.metrics("scores")


def section(result, figures):
    """The confusion matrix of the trainings."""
    accuracy, labels = result["accuracy"], result["labels"]
    return Section(
        title="Seeds alone",
        lead="The same network, trained on the same images; only the random numbers of the "
             "training differ.",
        headline=Headline(percent(accuracy),
                          f"of {result['images']:,} images were attributed to the training that "
                          f"made them, or to the real ones; a guess among {len(labels)} would be "
                          f"right {percent(result['chance'])} of the time."),
        parts=[Confusion("", labels, result["confusion"]),
               beside_published({"here": accuracy}, figures)])
