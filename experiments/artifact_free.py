"""Persistence: fingerprints do not need artefacts that an eye would see.

Yu, Davis and Fritz 2019: of the seed task, real images and ten ProGANs, the test images that look
most like real ones, a tenth of every class, of the real ones too. The method is the one that seeds
trains, and is asked about these images alone. That a perceptual nearest neighbour chooses them is
all that is known of the choice. That the distance is LPIPS and that the neighbours are the real
training images, among which no test image is, are readings of ours.
"""

from typing import NamedTuple

from experiments import seeds
from experiments.parts import Bars, Confusion, Headline, Section, Table, beside_published, percent


class Settings(NamedTuple):
    """The trainings, as in seeds: stated alike, they are the same ones. And which images are kept."""

    source: str = ""      # a source of the manifest; "": the first one, which was ProGAN
    count: int = 10       # trainings; their seeds are 0, 1, ...
    images: int = 0       # that the method sees in training; 0: as many as the manifest says
    share: float = 0.1    # of every class's test images that are kept, those nearest to real ones
    reference: int = 0    # real training images that they are compared with; 0: all of them


def steps(study, settings):
    """What seeds needs, and the distances of every class's test images to real images."""
    if not 0 < settings.share <= 1:
        raise ValueError(f"share: expected a number above 0 and up to 1, found {settings.share}")
    if settings.reference < 0:
        raise ValueError(f"reference: expected 0 or more, found {settings.reference}")
    told = seeds.Settings(settings.source, settings.count, settings.images)
    sets = {study.REAL: study.real(), **seeds.trainings(study, told)}
    return seeds.steps(study, told) | {
        label: study.nearest(images, study.real(), among=settings.reference or None)
        for label, images in sets.items()}


def measure(lab, settings):
    """{"share", "all", "kept", "distances"}: what metrics says of all images, and of those kept.

    distances: [[label, lower quartile, median, upper quartile, largest that is kept]], LPIPS.
    """
    import numpy as np

    from attribution.analysis.metrics import confusion_matrix, metrics

    scores, kept, found = lab.scores("scores"), [], []
    for place, label in enumerate(scores.labels):
        rows, distances = np.flatnonzero(scores.truth == place), lab.distances(label)
        nearest = distances.argsort(kind="stable")[:max(round(settings.share * len(rows)), 1)]
        kept.append(rows[nearest])
        found.append([label, *map(float, np.quantile(distances, (0.25, 0.5, 0.75))),
                      float(distances[nearest].max())])
    rows = np.concatenate(kept)
    confusion = confusion_matrix(scores.truth[rows], scores.values[rows].argmax(axis=1),
                                 len(scores.labels))
    return {"share": settings.share, "all": lab.metrics("scores"),
            "kept": metrics(scores.labels, confusion), "distances": found}


def section(result, figures):
    """Accuracy on the images kept beside that on all, their confusion, and the distances."""
    kept, share = result["kept"], percent(result["share"])
    measured = {"those kept": kept, "all test images": result["all"]}
    published = beside_published({name: one["accuracy"] for name, one in measured.items()}, figures)
    return Section(
        title="Without visible artefacts",
        lead=f"Of the test images of every class, the {share} that look most like real ones; the "
             "classifier is the one that was asked about all of them.",
        headline=Headline(
            percent(kept["accuracy"]),
            f"of these {kept['images']:,} images were attributed to the training that made them, "
            f"or to the real ones; of all {result['all']['images']:,}, "
            f"{percent(result['all']['accuracy'])}. A guess among the {len(kept['labels'])} would "
            f"be right {percent(kept['chance'])} of the time."),
        parts=[_accuracies(measured), Confusion("Those kept", kept["labels"], kept["confusion"]),
               _distances(result["distances"]), *([published] if figures else [])])


def _accuracies(measured):
    rows = []
    for name, one in measured.items():
        low, accuracy, high = map(percent, one["interval"])
        rows.append((name, f"{one['images']:,}", accuracy, f"{low} to {high}"))
    return Table("", ["", "images", "accuracy", "interval"], rows, "Wilson intervals of 95 %.")


def _distances(found):
    largest = ", ".join(f"{label} {largest:.3f}" for label, *_, largest in found)
    return Bars("How far each class looks from real images", "LPIPS to the nearest real image",
                [(label, low, median, high) for label, low, median, high, _ in found],
                "Median and quartiles of the test images; the real images that they are compared "
                f"with are training images. The largest distance that is kept: {largest}.")
