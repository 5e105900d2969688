"""None of these: does a method notice a source that it never saw? In the paper all are known.

Each source is left out in turn: the first method learns to tell the others apart, and is shown it
afterwards. How sure it is: maximum softmax (Hendrycks and Gimpel 2017), energy (Liu et al. 2020),
Mahalanobis distance of its features to the nearest class mean (Lee et al. 2018), and what the
method itself says, its familiarity (docs/methods.md).
"""

from itertools import count, islice
from typing import NamedTuple

from experiments.parts import Bars, Headline, Section, Table, percent

KINDS = ("architecture", "training", "seed")  # what may be new about a source
OWN = "familiarity"


class Settings(NamedTuple):
    """What is left out, and how sure a method has to be."""

    kept: float = 0.95   # share of the known sources' validation images that the threshold keeps
    fpr: float = 0.05    # share of unknown images taken for known ones at which CCR is told
    seeds: int = 0       # trainings of the first source with other seeds, which the method that
                         # knows every source is shown as unknown ones; each trains a GAN
    training: dict = {}  # settings of the method where its trainings without a source differ from
                         # the manifest's; {}: in nothing


def steps(study, settings):
    """Without each source a training, and scores of its validation images and all test images."""
    _check(study, settings)
    method, every, found = study.methods[0], study.every_source(), {}
    for name in study.sources:
        rest = {label: images for label, images in every.items() if label != name}
        model = study.trained(method, rest, f"without-{name}", settings=settings.training)
        found |= _scores(study, model, rest, study.novelty(name), name, every[name])
    for name, images in _other_seeds(study, settings.seeds):
        model = study.trained(method, every)
        found |= _scores(study, model, every, "seed", name, images)
    return found


def measure(lab, settings):
    """{"kept", "fpr", "unknown": [a dict for each unknown source]}.

    Of each: "name", "kind" (of KINDS), "images", "accuracy" on known sources, "taken_for" [label,
    share], and "scores", [{"name", "auroc", "oscr", "ccr", "threshold", "kept", "rejected"}]. kept,
    rejected: shares of the known and of the unknown test images on their sides of the threshold.
    """
    pairs = [name.split("/")[:2] for name in lab.names if name.endswith("/test")]
    return {"kept": settings.kept, "fpr": settings.fpr, "unknown": [
        {"kind": kind, "name": name, **_unknown(lab, f"{kind}/{name}", settings)}
        for kind, name in pairs]}


def section(result, figures):
    """AUROC of every score for every unknown source, and what its threshold does."""
    best = {unknown["name"]: unknown["scores"][-1]["auroc"] for unknown in result["unknown"]}
    least = min(best, key=best.get)
    return Section(
        title="None of these",
        lead="The method is shown images of a source that it never saw. How often is it less sure "
             "of one of them than of one whose source it knows? Half of the time, if it notices "
             "nothing.",
        headline=Headline(
            f"{sum(best.values()) / len(best):.2f}",
            f"is the AUROC of the {result['unknown'][0]['scores'][-1]['name']}, the mean over "
            f"{len(best)} unknown sources: 0.5 is a guess, at 1 every unknown image is less sure "
            f"than every known one. It is lowest for {least}, {best[least]:.2f}."),
        parts=[_aurocs(result), _kinds(result), _qualities(result), _thresholds(result)])


def _aurocs(result):
    rows = [(f"{unknown['name']}, {score['name']}", *[score["auroc"]] * 3)
            for unknown, score in _every_score(result)]
    return Bars("How well each unknown source is noticed", "AUROC; 0.5 is a guess", rows,
                _fooled(result))


def _fooled(result):
    """Which scores are worse than a guess, in a sentence."""
    fooled = [f"{score['name']} for {unknown['name']}"
              for unknown, score in _every_score(result) if score["auroc"] < 0.5]
    if not fooled:
        return "No score is worse than a guess."
    return (f"Worse than a guess: {', '.join(fooled)}. The method is surer of these images than of "
            "those whose source it knows.")


def _kinds(result):
    rows = []
    for kind in KINDS:
        these = [one["scores"] for one in result["unknown"] if one["kind"] == kind]
        for same in zip(*these, strict=False):
            means = (sum(score[what] for score in same) / len(same) for what in ("auroc", "oscr"))
            rows.append((f"another {kind}", str(len(same)), same[0]["name"],
                         *(f"{mean:.3f}" for mean in means)))
    return Table("By what is new about them",
                 ["", "unknown sources", "score", "mean AUROC", "mean OSCR"], rows,
                 "Another training: settings or images differ from those of a known source of the "
                 "same architecture. Another seed: nothing else does.")


def _qualities(result):
    rows = [(unknown["name"], score["name"], f"{score['auroc']:.3f}", f"{score['oscr']:.3f}",
             percent(score["ccr"])) for unknown, score in _every_score(result)]
    return Table("Every unknown source",
                 ["", "score", "AUROC", "OSCR", f"CCR at {percent(result['fpr'])} FPR"], rows,
                 "OSCR and CCR count a known image only where its source is named rightly too.")


def _thresholds(result):
    rows = [(unknown["name"], percent(unknown["accuracy"]), "{}, {}".format(
                unknown["taken_for"][0], percent(unknown["taken_for"][1])), score["name"],
             f"{score['threshold']:.4g}", percent(score["kept"]), percent(score["rejected"]))
            for unknown, score in _every_score(result)]
    columns = ["", "accuracy on known ones", "mostly taken for", "score", "threshold",
               "known images kept", "unknown images rejected"]
    return Table(f"With a threshold that keeps {percent(result['kept'])} of validation images",
                 columns, rows, "Below its threshold a score says: none of these. Kept, rejected: "
                                "counted on test images. Distances are negative, so that of "
                                "every score larger is surer. The familiarity is what the method "
                                "itself says: of the learnt classifier, the distance to the "
                                "nearest image that it learnt from. The Mahalanobis distance is "
                                "fitted to the validation images, so its threshold keeps fewer "
                                "of others.")


def _every_score(result):
    return [(unknown, score) for unknown in result["unknown"] for score in unknown["scores"]]


def _check(study, settings):
    for name in ("kept", "fpr"):
        if not 0 < getattr(settings, name) < 1:
            raise ValueError(f"{name}: expected a share between 0 and 1, "
                             f"found {getattr(settings, name)}")
    if settings.seeds < 0:
        raise ValueError(f"seeds: expected 0 or more, found {settings.seeds}")
    if len(study.sources) < 2:
        raise ValueError("leaves out one source after the other and needs two or more; "
                         "the manifest has one")


def _other_seeds(study, number):
    """(name, images) of `number` trainings of the first source, whose seeds are not its own."""
    source = study.sources[0]
    trained = ((f"{source}-seed-{seed}", study.images(source, seed=seed)) for seed in count())
    own = study.images(source)
    return islice(((name, images) for name, images in trained if images != own), number)


def _scores(study, model, known, kind, name, images):
    return {f"{kind}/{name}/validation": study.scores(model, known, rows="validation"),
            f"{kind}/{name}/test": study.scores(model, {**known, name: images})}


def _unknown(lab, place, settings):
    import numpy as np

    from attribution.analysis.unknown import rejection

    validation, test = lab.scores(f"{place}/validation"), lab.scores(f"{place}/test")
    known = test.truth >= 0
    said = np.bincount(test.values[~known].argmax(axis=1), minlength=len(test.labels))
    return {"images": int((~known).sum()), "accuracy": float(test.right[known].mean()),
            "taken_for": [test.labels[said.argmax()], float(said.max() / said.sum())],
            "scores": [{"name": name, **rejection(kept, sure[known], test.right[known],
                                                  sure[~known], settings.kept, settings.fpr)}
                       for name, kept, sure in _certainties(lab, place, validation, test)]}


def _certainties(lab, place, validation, test):
    """[(name of a score, its values of validation and of test images)]; larger is surer."""
    import numpy as np

    from attribution.analysis import unknown

    both, places = (validation, test), [f"{place}/{rows}" for rows in ("validation", "test")]
    yield "maximum softmax", *(np.exp(said.log_probabilities().max(axis=1)) for said in both)
    yield "energy", *(said.energy for said in both)
    features = [lab.features(name) for name in places]
    if features[0] is not None:
        yield "Mahalanobis distance", *(unknown.mahalanobis(values, features[0], validation.truth)
                                        for values in features)
    familiarity = [lab.familiarity(name) for name in places]
    if familiarity[0] is not None:
        yield OWN, *familiarity
