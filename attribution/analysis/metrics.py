"""How often a method is right, from the scores it gave."""

import numpy as np

_DEVIATIONS = 1.959964  # of the normal distribution, on either side: an interval of 95 %


def confusion_matrix(truth, predicted, labels):
    """Counts, int (labels, labels): rows are true labels, columns predicted ones. truth, predicted: (N,)."""
    counts = np.zeros((labels, labels), int)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def metrics(labels, confusion):
    """What a confusion matrix says, as plain values: accuracy, and precision and recall of every label.

    confusion: int (K, K), rows are true labels, columns predicted ones. Precision or recall of a label that
    was never predicted, or of which there are no images, is None. chance: of a guess among the labels.
    interval: that of the accuracy, as `wilson` gives it.
    """
    right, images, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        "labels": list(labels), "images": int(images.sum()), "chance": 1 / len(labels),
        "accuracy": _share(right.sum(), images.sum()), "confusion": confusion.tolist(),
        "interval": wilson(int(right.sum()), int(images.sum())),
        "per_label": {name: {"precision": _share(right[place], predicted[place]),
                             "recall": _share(right[place], images[place]), "images": int(images[place])}
                      for place, name in enumerate(labels)}}


def wilson(right, images):
    """[low, share, high]: the interval of 95 % of a share, right of images (Wilson 1927)."""
    share, square = right / images, _DEVIATIONS ** 2 / images
    middle = (share + square / 2) / (1 + square)
    reach = (square * share * (1 - share) + square ** 2 / 4) ** 0.5 / (1 + square)
    return [min(max(middle - reach, 0.0), share), share, max(min(middle + reach, 1.0), share)]


def logsumexp(values):
    """The logarithm of the sum of e ** values over the last axis, which stays: (N, K) -> (N, 1)."""
    largest = values.max(axis=-1, keepdims=True)
    return largest + np.log(np.exp(values - largest).sum(axis=-1, keepdims=True))


def _share(part, whole):
    return float(part / whole) if whole else None
