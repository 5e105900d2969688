"""Is an image of a source that a method knows? What a score of that is worth; larger is surer."""

import numpy as np

_RIDGE = 1e-3  # of the mean variance, added to each: features may depend on each other


def above(larger, smaller):
    """How often one of `larger` is above one of `smaller`, ties half; 0 if there is none.

    Of known and unknown images this is the AUROC. Both (N,).
    """
    ordered = np.sort(smaller)
    ranks = ordered.searchsorted(larger, "left") + ordered.searchsorted(larger, "right")
    return float(ranks.mean() / 2 / len(ordered)) if len(larger) else 0.0


def rejection(validation, known, right, unknown, kept, fpr):
    """What a score is worth, by its values of validation images and of known and unknown test ones.

    right: bool, which of `known` are named rightly. kept: the share of `validation` that the
    threshold lets pass. OSCR, and CCR where the share fpr of `unknown` passes: Dhamija et al. 2018;
    they count a known image only where its source is named rightly too.
    """
    threshold = np.quantile(validation, 1 - kept, method="lower")
    strict = np.sort(unknown)[len(unknown) - int(fpr * len(unknown)) - 1]
    return {"auroc": above(known, unknown),
            "oscr": above(known[right], unknown) * float(right.mean()),
            "ccr": float((right & (known > strict)).mean()), "threshold": float(threshold),
            "kept": float((known >= threshold).mean()),
            "rejected": float((unknown < threshold).mean())}


def mahalanobis(features, references, truth):
    """Of features (N, D) the distance to the nearest class mean, times -1: (N,). Lee et al. 2018.

    references: (M, D), features whose means and whose one covariance are taken. truth: int (M,),
    their classes.
    """
    features, references = features.astype(float), references.astype(float)
    means = np.stack([references[truth == label].mean(axis=0) for label in np.unique(truth)])
    spread = references - means[np.unique(truth, return_inverse=True)[1]]
    covariance = spread.T @ spread / len(spread)
    ridge = _RIDGE * covariance.trace() / len(covariance) or 1.0  # 1: all features are equal
    whitening = np.linalg.cholesky(np.linalg.inv(covariance + ridge * np.eye(len(covariance))))
    return -np.min([np.linalg.norm((features - mean) @ whitening, axis=1) for mean in means],
                   axis=0)
