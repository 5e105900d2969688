"""What `attribute --fingerprints` wrote: fingerprints of images and of sources, and how they respond."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from attribution.analysis import answers
from sources.contract.errors import BadInput


class Fingerprints(NamedTuple):
    """Fingerprints of N images and of L sources, as a visnet sees them (Yu et al. 2019, section 3.2).

    labels: the names of the sources. models: float32 (L, 3, R, R). names: of each image's set, text
    (N,). images: float32 (N, 3, R, R), image - reconstruction. scores: float32 (N, L).
    """

    labels: list
    models: np.ndarray
    names: np.ndarray
    images: np.ndarray
    scores: np.ndarray

    def responses(self, place):
        """The product of one image's fingerprint with every source's, summed over colours.

        float32 (L, R, R); the sums over pixels are its scores.
        """
        return (self.images[place] * self.models).sum(axis=1)

    def probabilities(self):
        """The softmax of the scores, (N, L)."""
        powers = np.exp(self.scores - self.scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)


def read(folder):
    """The Fingerprints in the folder of an `attribute` stage. Raises BadInput if there are none."""
    folder = Path(folder)
    try:
        said = answers.index(folder / "attribution.json")
        models, images, scores = (answers.array(folder / f"{name}.npy") for name in
                                  ("model_fingerprints", "fingerprints", "scores"))
        labels, names = said["labels"], answers.names(said, len(images))
    except (OSError, ValueError, KeyError, TypeError, BadInput) as error:
        raise BadInput(f"{folder}: no fingerprints ({error}); `attribute --fingerprints` of a visnet "
                       "writes them") from error
    return Fingerprints(labels, models, names, images, scores)
