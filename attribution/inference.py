"""A trained or imported model at work: uint8 images in, scores and fingerprints out."""

import tensorflow as tf

from attribution import feeding, layers, networks, openset
from attribution.settings import Settings


class Attributor:
    """A model: its `description`, that of model.json, and its weights, {name: array}."""

    def __init__(self, description, weights, fingerprints=False):
        """fingerprints: whether those of images are wanted; a visnet alone has any."""
        self._wanted = fingerprints
        resolution, labels = description["resolution"], len(description["labels"])
        self._settings = Settings(**description["settings"])
        self._is_visnet = description["architecture"] == "visnet"
        self.labels = labels
        used = "EGs/" if self._is_visnet else ""  # the moving average, as published
        self._references = weights.get(openset.REFERENCES)
        self._layers = (networks.autoencoder(self._settings, resolution) if self._is_visnet else
                        networks.classifier(self._settings, resolution, labels))
        self._weights = layers.fixed(self._layers, {
            name.removeprefix(used): value for name, value in weights.items() if name.startswith(used)})

    def outputs(self, images):
        """Yield what the model says of `images`, uint8 (N, R, R, 3), a block of n at a time.

        {"scores": float32 (n, labels)}; of a classifier "features", (n, D), what its last layer
        makes them of; with "maps", (n, labels, h, w), of a fully convolutional head, whose average
        the scores are; "fingerprints", if they are wanted, (n, 3, R, R): image - reconstruction. Of
        a model that can tell it "familiarity", (n,): how well it knows such images.
        """
        for block, count in feeding.blocks(images):
            said = {name: values.numpy()[:count] for name, values in self.compute(block).items()}
            if self._references is not None:
                said["familiarity"] = openset.familiarity(said["features"], self._references)
            yield said

    def model_fingerprints(self):
        """What a visnet compares image fingerprints with: float32 (labels, 3, R, R)."""
        return tf.transpose(layers.model_fingerprints(self._weights), (3, 2, 0, 1)).numpy()

    @tf.function(autograph=False)
    def compute(self, images):
        """`outputs` of a block as tensors. images: 0..255; if float32, they have a gradient."""
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
