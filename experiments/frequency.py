"""Persistence in frequency: is a fingerprint in what is coarse, in what is fine, in both?

Yu, Davis and Fritz 2019, figure 2. The classifier is trained anew for every resolution R, and sees
    pre-downsampling            the image shrunk to R
    pre-downsampling residual   what the image has at R and no more at R / 2: a band of frequencies
    post-pooling                the image, but takes averages from R on down, not convolutions. So
                                does the published code; experiments/patches.py has the figure's
"""

from typing import NamedTuple

from experiments.parts import Headline, Lines, Section, Table, percent

KINDS = {"pre-downsampling": "predownscale", "pre-downsampling residual": "predownscale_residual",
         "post-pooling": "postpool"}  # as the settings of the classifier name them


class Settings(NamedTuple):
    """Which networks are trained. The first method has the settings mode and switching_res."""

    resolutions: list[int] = []    # pixels, powers of two; []: the study's and all below it to 4
    images: int = 0                # seen in each training; 0: as many as the manifest says


def steps(study, settings):
    """The first method, trained and tested for every kind and size: {"KIND/RESOLUTION": scores}."""
    sets = study.every_source()
    return {f"{kind}/{size}": study.scores(_trained(study, sets, kind, size, settings.images), sets)
            for kind in KINDS for size in sizes(study, settings.resolutions)}


def sizes(study, stated):
    """The resolutions `stated`, or all of the study down to 4 pixels; the largest first."""
    known = [2 ** power for power in range(study.resolution.bit_length() - 1, 1, -1)]
    if not set(stated) <= set(known):
        raise ValueError(f"resolutions: expected some of {known}, found {stated}")
    return sorted(set(stated), reverse=True) or known


def measure(lab, settings):
    """{"chance", "kinds": [[kind, [[resolution, low, accuracy, high]]]]}, the largest first."""
    found = [(*name.split("/"), lab.metrics(name)) for name in lab.names]
    return {"chance": found[0][2]["chance"],
            "kinds": [[kind, [[int(size), *metrics["interval"]]
                              for its_kind, size, metrics in found if its_kind == kind]]
                      for kind in KINDS]}


def section(result, figures):
    """Accuracy by resolution, a line for every kind of network."""
    (_, shrunk), *_ = result["kinds"]
    size, _, accuracy, _ = shrunk[-1]
    return Section(
        title="Coarse and fine",
        lead="The classifier sees images that were shrunk, or one band of their frequencies alone, "
             "or it looks at pixels closely and only then takes averages.",
        headline=Headline(percent(accuracy),
                          "of the test images are attributed rightly when no more is left of "
                          f"them than {size} × {size} pixels. A guess would be right "
                          f"{percent(result['chance'])} of the time."),
        parts=[Lines("Accuracy by resolution", "resolution, pixels", "accuracy",
                     [(kind, [tuple(point) for point in points])
                      for kind, points in result["kinds"]],
                     "The bands are Wilson intervals of 95 %."),
               _table(result["kinds"])])


def _table(kinds):
    found = [{size: accuracy for size, _, accuracy, _ in points} for _, points in kinds]
    return Table("", ["pixels", *(kind for kind, _ in kinds)],
                 [(str(size), *(percent(points[size]) for points in found)) for size in found[0]],
                 "A residual is that between this resolution and the next smaller one.")


def _trained(study, sets, kind, size, images):
    """Equal networks are one: at full size, or with averages from 4 pixels on, it is the usual."""
    whole = (kind, size) in (("pre-downsampling", study.resolution), ("post-pooling", 4))
    network = {} if whole else {"mode": KINDS[kind], "switching_res": size}
    name = "" if whole and not images else f"{KINDS[kind]}-{size}"
    return study.trained(study.methods[0], sets, name,
                         settings={**network, "images": images or None})
