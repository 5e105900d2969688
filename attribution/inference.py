"""A trained or imported model at work: uint8 images in, scores and fingerprints out."""

import tensorflow as tf

from attribution import feeding, layers, networks
from attribution.settings import Settings


class Attributor:
    """A model: its `description`, that of model.json, and its weights, {name: array}."""

    def __init__(self, description, weights):
        resolution, labels = description["resolution"], len(description["labels"])
        self._settings = Settings(**description["settings"])
        self._is_visnet = description["architecture"] == "visnet"
        self.labels = labels
        used = "EGs/" if self._is_visnet else ""  # the moving average, as published
        self._weights = {name.removeprefix(used): tf.Variable(value)
                         for name, value in weights.items() if name.startswith(used)}
        self._layers = (networks.autoencoder(self._settings, resolution) if self._is_visnet else
                        networks.classifier(self._settings, resolution, labels))

    def outputs(self, images):
        """Yield what the model says of `images`, uint8 (N, R, R, 3), a block of n at a time.

        {"scores": float32 (n, labels)}; of a classifier "features", (n, D), what its last layer
        makes them of; with "maps", (n, labels, h, w), of a fully convolutional head, whose average
        the scores are; of a visnet "fingerprints", (n, 3, R, R), image - reconstruction.
        """
        for block, count in feeding.blocks(images):
            yield {name: values.numpy()[:count] for name, values in self.compute(block).items()}

    @tf.function
    def compute(self, images):
        """`outputs` of a block as tensors. images: 0..255; if float32, they have a gradient."""
        images, precision = layers.to_float(images), self._settings.precision
        if self._is_visnet:
            _, fingerprints, logits = layers.encode_and_compare(
                self._layers, self._weights, images, precision)
            return {"scores": logits, "fingerprints": _channels_first(fingerprints)}
        *before, last = self._layers
        features = layers.run(before, self._weights, images, precision)
        logits = layers.run([last], self._weights, features, precision)
        maps = {"maps": _channels_first(logits)} if logits.shape.rank == 4 else {}
        return {"scores": layers.average(logits), "features": layers.average(features), **maps}


def _channels_first(values):
    return tf.transpose(values, (0, 3, 1, 2))
