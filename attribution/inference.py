"""A trained or imported model at work: uint8 images in, scores and fingerprints out."""

import tensorflow as tf

from attribution import feeding, layers, networks
from attribution.settings import Settings
from sources.contract import models

ARCHITECTURES = ("classifier", "visnet")


class Attributor:
    """A model from its folder."""

    def __init__(self, folder):
        self.description, weights = models.read(folder, *ARCHITECTURES)
        self.labels, self.resolution = self.description["labels"], self.description["resolution"]
        self._settings = Settings(**self.description["settings"])
        self._is_visnet = self.description["architecture"] == "visnet"
        used = "EGs/" if self._is_visnet else ""  # the moving average, as the published program does
        self._weights = {name.removeprefix(used): tf.Variable(value)
                         for name, value in weights.items() if name.startswith(used)}
        self._layers = (
            networks.autoencoder(self._settings, self.resolution) if self._is_visnet else
            networks.classifier(self._settings, self.resolution, len(self.labels)))

    def outputs(self, images):
        """Yield what the model says of `images`, uint8 (N, R, R, 3), a block of n at a time.

        {"scores": float32 (n, labels)}, of a fully convolutional head with "maps", (n, labels, h, w), whose
        average the scores are; of a visnet with "fingerprints", (n, 3, R, R), image - reconstruction.
        """
        for block, count in feeding.blocks(images):
            yield {name: values.numpy()[:count] for name, values in self._compute(block).items()}

    @tf.function
    def _compute(self, images):
        images, precision = layers.to_float(images), self._settings.precision
        if self._is_visnet:
            _, fingerprints, logits = layers.encode_and_compare(
                self._layers, self._weights, images, precision)
            return {"scores": logits, "fingerprints": _channels_first(fingerprints)}
        logits = layers.run(self._layers, self._weights, images, precision)
        if logits.shape.rank == 2:
            return {"scores": logits}
        return {"scores": tf.reduce_mean(logits, (1, 2)), "maps": _channels_first(logits)}


def _channels_first(values):
    return tf.transpose(values, (0, 3, 1, 2))
