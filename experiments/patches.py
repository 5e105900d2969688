"""Persistence in space: how large a patch of an image tells its source?

Yu, Davis and Fritz 2019, figure 2 (d). A fully convolutional classifier gives logits for every
place of a map of R x R, each of which has seen one patch of the image and nothing else; their
average is its answer. The published code pools features in place of logits, and so sees the whole
image again (post-pooling of experiments/frequency.py).
"""

from typing import NamedTuple

from experiments import frequency
from experiments.parts import Headline, Lines, Section, Table, percent


class Settings(NamedTuple):
    """Which networks are trained. The first method has the settings latent_res and head_width."""

    resolutions: list[int] = []    # pixels of the map; []: the study's and all below it to 4
    head_width: int = 512          # channels before the logits, as in the figure; 0: as in the code
    images: int = 0                # seen in each training; 0: as many as the manifest says


def steps(study, settings):
    """The first method, trained and tested for every map: {"MAP/PATCH", both in pixels: scores}."""
    sets, found = study.every_source(), {}
    for size in frequency.sizes(study, settings.resolutions):
        model = study.trained(study.methods[0], sets, f"map-{size}", settings={
            "latent_res": size, "head_width": settings.head_width,
            "images": settings.images or None})
        found[f"{size}/{patch(study.resolution, size)}"] = study.scores(model, sets)
    return found


def patch(resolution, size):
    """Pixels along the side of the patch that a place of a map of `size` pixels sees.

    Each halving is two 3x3 convolutions and a 2x2 average, the head has one more 3x3.
    """
    seen, step = 1, 1
    while size * step < resolution:
        seen, step = seen + 5 * step, step * 2
    return min(seen + 2 * step, resolution)


def measure(lab, settings):
    """{"chance", "patches": [[map, patch, low, accuracy, high]]}, pixels, the largest map first."""
    found = [(*map(int, name.split("/")), lab.metrics(name)) for name in lab.names]
    return {"chance": found[0][2]["chance"],
            "patches": [[size, seen, *metrics["interval"]] for size, seen, metrics in found]}


def section(result, figures):
    """Accuracy by the size of the patches."""
    _, seen, _, accuracy, _ = result["patches"][0]
    return Section(
        title="From a patch alone",
        lead="The classifier sees nothing but patches of an image, gives an answer for each, and "
             "takes the average.",
        headline=Headline(percent(accuracy),
                          "of the test images are attributed rightly by patches of "
                          f"{seen} × {seen} pixels. A guess would be right "
                          f"{percent(result['chance'])} of the time."),
        parts=[Lines("Accuracy by the size of the patches", "patch, pixels", "accuracy",
                     [("average of the patches",
                       [tuple(point) for _, *point in result["patches"]])],
                     "The band: Wilson intervals of 95 %."),
               Table("", ["patch, pixels", "map, pixels", "accuracy"],
                     [(str(seen), str(size), percent(accuracy))
                      for size, seen, _, accuracy, _ in result["patches"]])])
