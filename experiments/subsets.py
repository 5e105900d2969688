"""Uniqueness: trainings on slightly different images leave fingerprints of their own.

Yu, Davis and Fritz 2019: real images, a base ProGAN trained on the first N images of a list, and
ten more that learn from the first N - k and the last k of it, twelve classes. So each shares
exactly N - k images with the base, and what a larger k brings in contains what a smaller one does;
with k = N the two have nothing in common.

The published study took the last k of the whole data set. Here they are the last k of the
manifest's `images.gan` images, since the others are the classifier's: no GAN ever sees a test
image. So N and the largest k together may be no more than `images.gan`. CelebA's 202,599 images
are too few for both N = k = 100,000 and a classifier with real images of its own: a manifest
states smaller ones.
"""

from typing import NamedTuple

from experiments import seeds
from experiments.parts import Confusion, Lines, Section, beside_published


class Settings(NamedTuple):
    """Which trainings are told apart."""

    source: str = ""       # a source of the manifest; "": the first one, which was ProGAN
    base: int = 100_000    # N, images that each training learns from
    replaced: list[int] = [  # the k, images
        1, 10, 100, 1000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000]
    images: int = 0        # that the method sees in training; 0: as many as the manifest says


def steps(study, settings):
    """The base, a training for each k, and the first method to tell them and real images apart."""
    _check(study, settings)
    source = settings.source or study.sources[0]
    sets = {"base" if k == 0 else f"replaced-{k}":
            study.images(source, subset=study.subset(settings.base - k, k))
            for k in (0, *settings.replaced)}
    return seeds.told_apart(study, "subsets", sets, settings.images)


def measure(lab, settings):
    """What seeds measures, N as "base", and "by_replaced": [[k, recall]], in order of k."""
    found = lab.metrics("scores")
    recalls = [[k, found["per_label"][f"replaced-{k}"]["recall"]]
               for k in sorted(settings.replaced)]
    return {**found, "base": settings.base, "by_replaced": recalls}


def section(result, figures):
    """The confusion matrix of the trainings, and how well each is known, by its images."""
    points = [(k, *[recall] * 3) for k, recall in result["by_replaced"]]
    return Section(
        title="A few other images",
        lead=f"The same network with the same seed, each trained on {result['base']:,} images, some "
             "of which were replaced by others.",
        headline=seeds.headline(result),
        parts=[Confusion("", result["labels"], result["confusion"]),
               Lines("How often each training was named rightly", "images replaced", "recall",
                     [("recall", points)]),
               beside_published({"here": result["accuracy"]}, figures)])


def _check(study, settings):
    """Raise ValueError for a k that cannot be, or that the base has already seen."""
    wrong = [k for k in settings.replaced if not 0 < k <= settings.base]
    if wrong or len(set(settings.replaced)) < max(len(settings.replaced), 1):
        raise ValueError("replaced: expected different numbers from 1 to base, which is "
                         f"{settings.base}, found {settings.replaced}")
    needed = settings.base + max(settings.replaced)
    if needed > study.gan_images:
        raise ValueError(f"base {settings.base} with {max(settings.replaced)} of them replaced "
                         f"needs {needed} images that GANs may learn from; images.gan is "
                         f"{study.gan_images}: make base or replaced smaller, or images.gan larger")
