"""None of these: does a classifier know images such as this one? NumPy alone.

How well it knows them, the familiarity: the distance between the features of an image and those of
the nearest image that the classifier learnt from, times -1 (nearest neighbours: Sun et al. 2022).
The threshold below which an image is told to be of none of the labels comes from validation images.
"""

import numpy as np

REFERENCES = "unknown/references"  # among a model's weights: features of images it learnt from
IMAGES = 1000    # references of each label, at most: the first that it learnt from
KEPT = 0.95      # share of the validation images that the threshold lets pass
SCORE = "distance of the features to the nearest training image's, times -1"
_HAIR = 1e-5     # of a threshold


class Known:
    """What the features of known images are like."""

    def __init__(self, references):
        """references: (M, D), features of images that the classifier learnt from."""
        self._references = references.astype(float)
        self._squares = (self._references ** 2).sum(axis=1)

    def familiarity(self, features):
        """How well images with features (N, D) are known: float32 (N,), 0 at most."""
        features = features.astype(float)
        nearest = (self._squares - 2 * features @ self._references.T).min(axis=1)
        squares = nearest + (features ** 2).sum(axis=1)
        return -np.sqrt(np.maximum(squares, 0)).astype(np.float32)  # below 0 by rounding


def unknown(familiarities):
    """What model.json says of a classifier that knows its validation images, (N,), so well.

    The threshold is a hair below the last one that passes: who attributes it rounds otherwise.
    """
    threshold = np.quantile(familiarities, 1 - KEPT, method="lower") * (1 + _HAIR)
    return {"score": SCORE, "threshold": float(threshold), "kept": KEPT}
