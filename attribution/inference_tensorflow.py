"""A model at work by TensorFlow: on a GPU, in bfloat16, or where its gradient is asked for."""

import tensorflow as tf

from attribution import device, feeding, layers, networks
from attribution.settings import Settings


class Network:
    """A model: its `description`, that of model.json, and its weights, {name: array}."""

    versions, block = device.VERSIONS, feeding.BLOCK

    def __init__(self, description, weights, fingerprints=False):
        """fingerprints: whether those of images are wanted; a visnet alone has any."""
        self._wanted = fingerprints
        resolution, labels = description["resolution"], len(description["labels"])
        self._settings = Settings(**description["settings"])
        self._is_visnet = description["architecture"] == "visnet"
        self.labels = labels
        self._layers = (networks.autoencoder(self._settings, resolution) if self._is_visnet else
                        networks.classifier(self._settings, resolution, labels))
        self._weights = layers.fixed(self._layers, networks.in_use(description, weights))

    def compute(self, images):
        """What inference.outputs yields of uint8 images (N, R, R, 3)."""
        return {name: values.numpy() for name, values in self.graph(images).items()}

    @tf.function(autograph=False)
    def graph(self, images):
        """The same as tensors. images: 0..255; if float32, they have a gradient."""
        images, precision = layers.to_float(images), self._settings.precision
        if self._is_visnet:
            _, fingerprints, logits = layers.encode_and_compare(
                self._layers, self._weights, images, precision)
            wanted = {"fingerprints": _channels_first(fingerprints)} if self._wanted else {}
            return {"scores": logits, **wanted}
        features, logits = layers.classify(self._layers, self._weights, images, precision)
        maps = {"maps": _channels_first(logits)} if logits.shape.rank == 4 else {}
        return {"scores": layers.average(logits), "features": layers.average(features), **maps}


def _channels_first(values):
    return tf.transpose(values, (0, 3, 1, 2))
