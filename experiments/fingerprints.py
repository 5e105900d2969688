"""Fingerprints to look at: what each source leaves in its images, and how an image responds to it.

Yu, Davis and Fritz 2019, section 3.2: a visualisation network learns to reconstruct images; what it
cannot reconstruct is the fingerprint of an image, and is multiplied, pixel by pixel, with a fingerprint
of each source that it learns beside. The sums of these responses are its scores.
"""

from typing import NamedTuple

from experiments.parts import Headline, Heatmap, Picture, Section, Table, percent


class Settings(NamedTuple):
    """Which network, and of how many images the fingerprints are taken."""

    method: str = "visNet"   # a method of the manifest whose settings have `network: visnet`
    tests: int = 100         # test images of each source whose fingerprints are taken; ours


def steps(study, settings):
    """The network's scores of all test images, fingerprints of some, these; another method's scores."""
    _check(study, settings)
    sets = study.every_source()
    model = study.trained(settings.method, sets)
    others = [name for name in study.methods if name != settings.method][:1]
    return {"scores": study.scores(model, sets),
            "fingerprints": study.fingerprints(model, sets, settings.tests),
            **{f"beside/{name}": study.scores(study.trained(name, sets), sets) for name in others},
            **{f"images/{label}": images for label, images in sets.items()}}


def measure(lab, settings):
    """{"labels", "accuracy", "beside", "residue", "responses", "correlation", "picture"}.

    accuracy: [low, share, high], of the network. beside: [[name, share]], of the first other method, if
    there is one. residue: [[label, mean size of its images' fingerprints, of values from 0 to 255]].
    responses: of each source's images the mean score for every source, [image's][source].
    correlation: of every two sources' fingerprints. picture: base64 text of a PNG, an image of every
    source and its responses.
    """
    import numpy as np

    seen = lab.fingerprints("fingerprints")
    of = [seen.names == label for label in seen.labels]
    flat = seen.models.reshape(len(seen.labels), -1)
    return {"labels": list(seen.labels), "accuracy": lab.metrics("scores")["interval"],
            "beside": [[name.partition("/")[2], lab.metrics(name)["accuracy"]]
                       for name in lab.names if name.startswith("beside/")],
            "residue": [[label, float(127.5 * abs(seen.images[rows]).mean())]
                        for label, rows in zip(seen.labels, of, strict=True)],
            "responses": [seen.scores[rows].mean(axis=0).tolist() for rows in of],
            "correlation": np.corrcoef(flat).tolist(), "picture": _picture(lab, seen, of)}


def section(result, figures):
    """The fingerprints, an image of each source with its responses, and what they are on average."""
    labels = result["labels"]
    return Section(
        title="Fingerprints to look at",
        lead="Each source's fingerprint, as the network learnt it, stands above; below it what an "
             "image of each source has of it. Where the two agree, the response is red.",
        headline=Headline(
            percent(result["accuracy"][1]),
            "of the test images are attributed to the source that made them, by their fingerprints"
            + "".join(f"; by {name}: {percent(accuracy)}" for name, accuracy in result["beside"])
            + "."),
        parts=[
            Picture("One image of every source", result["picture"],
                    "A row for one image of each source: the image, its fingerprint, and its "
                    "response to the fingerprint of every source, with a probability. "
                    + _diagonal(result),
                    "The first test image of each. Fingerprints around a middle grey, responses from "
                    "blue, below zero, to red; stretched alike are those of the sources, and the "
                    "responses of an image. Below a response: the probability that the image is "
                    "that source's, which the sum over all pixels decides. The largest is framed."),
            Heatmap("Mean response, by the images' source", labels, labels, result["responses"],
                    "A row for the source of the images, a column for the fingerprint that they "
                    "are compared with: the mean score."),
            Heatmap("Correlation between fingerprints", labels, labels, result["correlation"],
                    "Of the fingerprints of the sources, over pixels and colours."),
            Table("What the network cannot reconstruct", ["", "mean size, of 255"],
                  [(label, f"{size:.2f}") for label, size in result["residue"]],
                  "The size of the images' fingerprints: image less reconstruction.")])


def _check(study, settings):
    if settings.method not in study.methods:
        raise ValueError(f"method: the manifest has no method {settings.method}; add one, such as "
                         f"`{settings.method}: {{image: attribution, settings: {{network: visnet}}}}`")
    if study.settings(settings.method).get("network") != "visnet":
        raise ValueError(f"method: {settings.method} is no visualisation network; its settings "
                         "need `network: visnet`")
    if settings.tests < 1:
        raise ValueError(f"tests: expected 1 or more, found {settings.tests}")


def _diagonal(result):
    """How many sources' images respond most to their own fingerprint, in words."""
    own = sum(max(row) == row[place] for place, row in enumerate(result["responses"]))
    return (f"On average the images of {own} of {len(result['labels'])} sources respond most to "
            "the fingerprint of their own.")


def _picture(lab, seen, of):
    """An image of each source: the first whose fingerprint is taken."""
    import base64

    from attribution.analysis.gallery import Gallery, Seen

    responses, shares, rows = seen.responses, seen.probabilities(), []
    for label, mine in zip(seen.labels, of, strict=True):
        place = int(mine.argmax())
        rows.append(Seen(label, lab.images(f"images/{label}", "test")[0], seen.images[place],
                         responses(place), shares[place]))
    png = Gallery(seen.labels, seen.models, rows).table()
    return base64.b64encode(png).decode("ascii")
