"""The settings of the baselines. None of their libraries is needed to tell them."""

from typing import NamedTuple

from sources.contract import settings as contract_settings
from sources.contract.settings import COUNT, POSITIVE, Each, OneOf, Range


class KNN(NamedTuple):
    """The published grid is that of Frank et al. 2020; Yu et al. 2019 say only "kNN"."""

    k: tuple = (1, 3, 5, 9, 17, 33, 65, 129, 257, 513, 1025)  # neighbours, to choose from
    normalize: bool = True       # divide every value by its deviation over the training images
    references: int = 20_000     # training images that are kept, as many of each label. Published:
                                 # all; these are a gigabyte at 128 pixels
    batch: int = 64              # images of a step
    checkpoint_every: int = 200  # steps


class Eigenface(NamedTuple):
    """The published grids are those of Frank et al. 2020."""

    classifier: str = "mean"     # "mean": the class with the nearest mean; "svm": a linear SVM
    variance: tuple = (0.25, 0.5, 0.75, 0.95)  # share that the components have, to choose from
    c: tuple = (1e-4, 1e-3, 1e-2, 1e-1)  # of the SVM, to choose from
    pca_images: int = 10_000     # training images whose components are taken, as many of each label
    images: int = 50_000         # training images that the classifier learns from. Published: all
    components: int = 1000       # kept at most. Published: as many as the variance asks for
    batch: int = 64              # images of a step
    checkpoint_every: int = 200  # steps


class PRNU(NamedTuple):
    """The published grids are those of Frank et al. 2020; a camera has 4 levels and sigma 5."""

    cleanup: str = "camera"      # "camera" or "plain": see cleanups.py
    levels: tuple = (1, 2, 3, 4)  # of the wavelets, to choose from
    sigma: tuple = tuple(step / 20 for step in range(1, 20))  # of the noise, values of 0 to 255
    search_images: int = 512     # of each label, by which they are chosen: as many for patterns and
                                 # for validation. Published: all
    images: int = 100_000        # of each label, whose pattern is taken
    batch: int = 32              # images of a step
    checkpoint_every: int = 200  # steps


_COUNTS = dict.fromkeys(("batch", "checkpoint_every", "references", "pca_images", "images",
                         "components", "search_images"), COUNT)
_ALLOWED = {
    KNN: {**_COUNTS, "k": Each(COUNT)},
    Eigenface: {**_COUNTS, "classifier": OneOf(["mean", "svm"]), "c": Each(POSITIVE),
                "variance": Each(Range(above=0, below=1))},
    PRNU: {**_COUNTS, "cleanup": OneOf(["camera", "plain"]), "levels": Each(COUNT),
           "sigma": Each(POSITIVE)}}
_METHODS = {"knn": KNN, "eigenface": Eigenface, "prnu": PRNU}


def settings(arguments):
    """The verb settings."""
    kind = _METHODS[arguments.name]
    contract_settings.show({"train": contract_settings.schema(kind(), _ALLOWED[kind])})


def read(kind, path):
    """The Settings of a method, with the differences of a configuration file."""
    return contract_settings.read(kind(), _ALLOWED[kind], path)
