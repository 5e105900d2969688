"""Learnt and generic features: how far apart do they put sources, and each from real images?

Yu, Davis and Fritz 2019, section 4: the FD ratio, which is the mean Fréchet distance between the
features of different classes over that between two disjoint halves of the same class. Learnt
features are those before the logits of the first method. The paper's generic ones are Inception's;
here they are EfficientNet-Lite0's. All distances are of equally many images.
"""

from typing import NamedTuple

from experiments.parts import Bars, Headline, Heatmap, Points, Section, Table, percent

KINDS = {"learnt": "learnt features", "generic": "generic features (EfficientNet-Lite0)"}
_PER_DIMENSION = 2  # images at least, for every dimension of a covariance


class Settings(NamedTuple):
    """What is drawn. The distances need no settings."""

    points: int = 1000    # images on each map by t-SNE, of all sources together


def steps(study, settings):
    """What the first method and a network that knows ImageNet see in all test images."""
    if settings.points < 10:
        raise ValueError(f"points: expected 10 or more, found {settings.points}")
    sets = study.every_source()
    return {"learnt": study.scores(study.trained(study.methods[0], sets), sets),
            "generic": study.perceived(sets)}


def measure(lab, settings):
    """{"labels", "images" of each, "kinds": [a dict for each of KINDS that there is]}.

    Of each kind: "name"; "dimensions" of the features, "components" of them that distances are of,
    and the share of "variance" that these have; "ratio"; labels x labels of "distances" between
    halves, "apart" between means, "correlations" of means; "spread", the total variance of each
    class over that of the first, the real one; "map" [[label, [[x, y]]]].
    """
    kinds = [_kind(kind, lab, settings) for kind in KINDS if lab.features(kind) is not None]
    labels, images = _classes(lab, "generic")[0], len(_classes(lab, "generic")[1][0])
    return {"labels": labels, "images": images, "kinds": kinds}


def section(result, figures):
    """The FD ratios, each source's distance to the real images, and maps of the features."""
    first, generic = result["kinds"][0], result["kinds"][-1]
    text = ("times as far apart as two halves of one source are two sources, by "
            f"{KINDS[first['name']]}")
    text += f"; {_number(generic['ratio'])} times, by {KINDS['generic']}" * (first is not generic)
    return Section(
        title="Learnt and generic features",
        lead="How far apart are two sources, measured by how far apart two halves of the same "
             "source are? The more features know of who made an image, and the less of what it "
             "shows, the larger is this ratio.",
        headline=Headline(
            _number(first["ratio"]),
            f"{text}: the FD ratio. Features that know nothing of the source have 1."),
        parts=[_ratios(result, figures), *_realism(result),
               *(part for kind in result["kinds"] for part in _maps(result["labels"], kind))])


def _ratios(result, figures):
    rows = [(f"here, {KINDS[kind['name']]}", _number(kind["ratio"]), _dimensions(kind))
            for kind in result["kinds"]]
    rows += [(f"paper, {one['dataset']}, {one['method']}",
              _number(one["value"]) + " *" * (not one["verified"]), _comparable(one))
             for one in figures]
    notes = [f"Each half has {result['images'] // 2:,} test images, and so have the sets whose "
             "distance is that of different sources. A source whose images are all alike makes "
             "the ratio larger, and says nothing for the features."]
    if any(kind["components"] < kind["dimensions"] for kind in result["kinds"]):
        notes.append("With fewer than two images for every dimension, distances are of the first "
                     "principal components of all sources' features together.")
    if not all(one["verified"] for one in figures):
        notes.append("* Not verified: recalled, and not read again in the paper.")
    return Table("FD ratio", ["features", "FD ratio", ""], rows, " ".join(notes))


def _dimensions(kind):
    if kind["components"] == kind["dimensions"]:
        return f"all {kind['dimensions']:,} dimensions"
    return (f"{kind['components']:,} of {kind['dimensions']:,} dimensions, "
            f"{percent(kind['variance'])} of the variance")


def _comparable(figure):
    if "Inception" in figure["method"]:
        return "another network: not comparable"
    return "128 × 128 pixels, the published images"


def _realism(result):
    """How far each source is from real images, by generic features; the floor; how varied it is."""
    generic, labels = result["kinds"][-1], result["labels"]
    floor = generic["distances"][0][0]
    found = [(label, row[0]) for label, row in zip(labels, generic["distances"], strict=True)][1:]
    rows = [(f"{labels[0]}, their other half", *[floor] * 3)]
    rows += [(label, *[value] * 3) for label, value in found]
    spread = [(label, _number(row[0]), percent(share)) for label, row, share in
              zip(labels, generic["distances"], generic["spread"], strict=True)]
    return [
        Bars("How far from real images", "Fréchet distance", rows,
             f"By {KINDS['generic']}. The more realistic and the more varied images are, the less; "
             "their other half shows how little that is."),
        Table("How real, how varied", ["", "Fréchet distance", "variance, of the real images'"],
              spread, f"By {KINDS['generic']}. Little variance: images that are much alike. The "
                      f"first row is of two halves of the {labels[0]} images.")]


def _maps(labels, kind):
    name = kind["name"]
    series = [(label, [tuple(point) for point in points]) for label, points in kind["map"]]
    return [
        Points(f"Test images by {name} features", series,
               "t-SNE: near points are alike; axes, and how far apart groups are, mean nothing."),
        Heatmap(f"Fréchet distances, {name}", labels, labels, kind["distances"],
                "One half of a source's images, down, to the other half of another's, across."),
        Heatmap(f"Distances of means, {name}", labels, labels, kind["apart"],
                "Euclidean, between the mean features of sources."),
        Heatmap(f"Correlations of means, {name}", labels, labels, kind["correlations"],
                "Of the sources' mean features, without what is common to all sources.")]


def _kind(kind, lab, settings):
    """What is found of the features of a kind, of which there are equally many of every class."""
    import numpy as np

    from attribution.analysis.frechet import between_halves, ratio

    labels, classes = _classes(lab, kind)
    means = np.array([features.mean(axis=0) for features in classes])
    spread = np.array([features.var(axis=0).sum() for features in classes])
    compact, variance = _compact(classes)
    distances = between_halves(compact)
    return {"name": kind, "dimensions": means.shape[1], "components": compact[0].shape[1],
            "variance": variance, "ratio": ratio(distances), "distances": distances.tolist(),
            "apart": np.linalg.norm(means[:, None] - means, axis=2).tolist(),
            "correlations": _correlations(means), "spread": (spread / (spread[0] or 1)).tolist(),
            "map": _map(labels, classes, settings.points)}


def _classes(lab, kind):
    """The labels, in order, and the features of each, [(N, D)], as many as the smallest has."""
    import numpy as np

    features, names = lab.features(kind).astype(float), lab.labels_of(kind)
    labels = [str(label) for label in dict.fromkeys(names)]
    count = min(np.count_nonzero(names == label) for label in labels)
    return labels, [features[names == label][:count] for label in labels]


def _compact(classes):
    """Features with no more dimensions than a half's images can bear; the share of variance kept.

    The first principal components of all classes together, which knows nothing of the classes.
    """
    import numpy as np
    from sklearn.decomposition import PCA

    count, dimensions = classes[0].shape
    most = max(count // 2 // _PER_DIMENSION, 1)
    if dimensions <= most:
        return classes, 1.0
    components = PCA(most, svd_solver="covariance_eigh").fit(np.concatenate(classes))
    return ([components.transform(features) for features in classes],
            float(components.explained_variance_ratio_.sum()))


def _correlations(means):
    """Of every two means, less the mean of all; None where one has nothing of its own."""
    import numpy as np

    own = means - means.mean(axis=0)
    sizes = np.linalg.norm(own - own.mean(axis=1, keepdims=True), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.atleast_2d(np.corrcoef(own))
    known = np.outer(sizes > 0, sizes > 0)
    return [[float(value) if there else None for value, there in zip(*row, strict=True)]
            for row in zip(found, known, strict=True)]


def _map(labels, classes, points):
    """The places that t-SNE gives the first images of every class, [[label, [[x, y]]]]."""
    import numpy as np

    count = min(max(points // len(classes), 2), len(classes[0]))
    places = _places(np.concatenate([features[:count] for features in classes])).astype(float)
    return [[label, own.round(2).tolist()] for label, own in
            zip(labels, np.split(places, len(classes)), strict=True)]


def _places(rows):
    """(N, 2) of t-SNE of rows (N, D); all one place if all rows are equal, as t-SNE has none."""
    import numpy as np
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if (rows == rows[0]).all():
        return np.zeros((len(rows), 2))
    perplexity = min(30.0, (len(rows) - 1) / 3)  # scikit-learn's own, but for very few images
    with threadpool_limits(1):  # several threads may add up in any order: other places every time
        return TSNE(2, perplexity=perplexity, random_state=0).fit_transform(rows)


def _number(value):
    return "–" if value is None else f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"
