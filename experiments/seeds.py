"""Uniqueness: trainings that differ in nothing but their seed leave fingerprints of their own.

Yu, Davis and Fritz 2019, section 4.3: real images and ten ProGANs, eleven classes.
"""

from typing import NamedTuple

from experiments.parts import Confusion, Headline, Section, beside_published, percent


class Settings(NamedTuple):
    """Which trainings are told apart."""

    source: str = ""    # a source of the manifest; "": the first one, which was ProGAN
    count: int = 10     # trainings; their seeds are 0, 1, ...
    images: int = 0     # that the method sees in training; 0: as many as the manifest says


def steps(study, settings):
    """Trainings with seeds from 0, and the first method to tell them and real images apart."""
    return told_apart(study, "seeds", trainings(study, settings), settings.images)


def trainings(study, settings):
    """{label: images} of every training."""
    source = settings.source or study.sources[0]
    return {f"seed-{seed}": study.images(source, seed=seed) for seed in range(settings.count)}


def told_apart(study, name, sets, images):
    """The first method learns to tell real images and `sets` apart, and scores the test images.

    name: of what for. images: that it sees in training; 0: as many as the manifest says.
    """
    sets = {study.REAL: study.real(), **sets}
    model = study.trained(study.methods[0], sets, name, settings={"images": images or None})
    return {"scores": study.scores(model, sets)}


def measure(lab, settings):
    """Accuracy, confusion matrix, precision and recall of every training."""
    return lab.metrics("scores")


def section(result, figures):
    """The confusion matrix of the trainings."""
    return Section(
        title="Seeds alone",
        lead="The same network, trained on the same images; only the random numbers of the "
             "training differ.",
        headline=headline(result),
        parts=[Confusion("", result["labels"], result["confusion"]),
               beside_published({"here": result["accuracy"]}, figures)])


def headline(result):
    """How often the right training was named."""
    return Headline(percent(result["accuracy"]),
                    f"of {result['images']:,} images were attributed to the training that made "
                    f"them, or to the real ones; a guess among {len(result['labels'])} would be "
                    f"right {percent(result['chance'])} of the time.")
