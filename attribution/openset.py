"""None of these: does a classifier know the source of an image? NumPy alone.

How sure of that it is, `familiarity`: the Mahalanobis distance of the image's features to the
nearest class mean, times -1, with one covariance for all classes (Lee et al. 2018). What it takes,
means and a covariance, is that of validation images, and so is the threshold.
"""

import numpy as np

PART = "unknown"  # below which a model's weights are what `familiarity` takes
SCORE = "Mahalanobis distance, negative"
KEPT = 0.95      # share of the validation images that the threshold lets pass as known
_RIDGE = 1e-3    # of the mean variance, added to each: features may depend on each other


def fit(features, truth):
    """What `familiarity` takes: {"means": (labels, D), "whitening": (D, D)}, float32.

    features: (N, D). truth: int (N,), the label of each, all labels among them.
    """
    means = np.stack([features[truth == label].mean(axis=0, dtype=float)
                      for label in range(truth.max() + 1)])
    spread = features - means[truth]
    covariance = spread.T @ spread / len(spread)
    ridge = _RIDGE * covariance.trace() / len(covariance) or 1.0  # 1: all features are equal
    whitening = np.linalg.cholesky(np.linalg.inv(covariance + ridge * np.eye(len(covariance))))
    return {"means": means.astype(np.float32), "whitening": whitening.astype(np.float32)}


def familiarity(features, fitted):
    """(N,): how near features (N, D) are to those of a known source; 0 is nearest."""
    whitening = fitted["whitening"].astype(float)
    return -np.min([np.linalg.norm((features - mean) @ whitening, axis=1)
                    for mean in fitted["means"].astype(float)], axis=0)


def threshold(familiarities, kept=KEPT):
    """The value that at least the share `kept` of them reaches."""
    return float(np.quantile(familiarities, 1 - kept, method="lower"))
