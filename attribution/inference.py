"""A trained or imported model at work: uint8 images in, logits and fingerprints out."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from attribution import feeding, layers, networks
from attribution.settings import Settings
from sources.contract import models

ARCHITECTURES = ("classifier", "visnet")


class Outputs(NamedTuple):
    """Of n images: logits, (n, labels) or (n, h, w, labels), and of a visnet fingerprints, (n, R, R, 3)."""

    logits: np.ndarray
    fingerprints: np.ndarray | None


class Attributor:
    """A model from its folder."""

    def __init__(self, folder):
        self.description, weights = models.read(folder, *ARCHITECTURES)
        self.classes, self.resolution = self.description["classes"], self.description["resolution"]
        self.is_visnet = self.description["architecture"] == "visnet"
        self._settings = Settings(**self.description["settings"])
        used = "EGs/" if self.is_visnet else ""  # the moving average, as the published program does
        self._weights = {name.removeprefix(used): tf.Variable(value) for name, value in weights.items()
                         if name.startswith(used)}
        self._layers = (networks.autoencoder(self._settings, self.resolution) if self.is_visnet else
                        networks.classifier(self._settings, self.resolution, len(self.classes)))

    def outputs(self, images):
        """Yield the Outputs of `images`, uint8 (N, R, R, 3), a block at a time."""
        for block, count in feeding.blocks(images):
            logits, fingerprints = self._compute(block)
            yield Outputs(logits.numpy()[:count], fingerprints.numpy()[:count] if self.is_visnet else None)

    @tf.function
    def _compute(self, images):
        images, precision = layers.to_float(images), self._settings.precision
        if self.is_visnet:
            _, fingerprints, logits = layers.encode_and_compare(self._layers, self._weights, images, precision)
            return logits, fingerprints
        return layers.run(self._layers, self._weights, images, precision), None
