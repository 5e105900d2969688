"""The verb attribute: scores, and fingerprints, of images from anywhere."""

import contextlib

import numpy as np

from attribution import device
from attribution.evaluate import class_scores
from attribution.inference import Attributor
from sources.contract import atomic, events, imagesets
from sources.contract.errors import BadInput


def attribute(arguments):
    """Write the scores of every image of a set, in the layout of the published networks.

    scores.npy         float32 logits, (N, labels), or (N, labels, h, w) of a fully convolutional head
    fingerprints.npy   visnet alone: float32 image fingerprints, (N, 3, R, R), image - reconstruction
    attribution.json   classes; of every image the predicted class and its probability. It appears last
    """
    image_set = imagesets.read(arguments.images)
    events.log(f"computing on {device.choose(arguments.device)}")
    model = Attributor(arguments.model)
    if image_set.resolution != model.resolution:
        raise BadInput(f"--images {arguments.images}: {image_set.resolution} pixels, but {arguments.model} takes "
                       f"{model.resolution}")
    atomic.make_folder(arguments.out)
    predictions = _write_arrays(model, image_set.images, arguments.out)
    atomic.write_json(f"{arguments.out}/attribution.json", {
        "classes": model.classes, "model_sha256": model.description["weights_sha256"],
        "images_sha256": image_set.index["sha256"], "predictions": predictions})
    events.done(out=arguments.out)


def _write_arrays(model, images, out):
    """Write scores and fingerprints block by block; returns [{"class": name, "probability": p}]."""
    predictions = []
    progress = events.Progress(len(images))
    with contextlib.ExitStack() as files:
        scores = _ArrayFile(files, f"{out}/scores.npy", len(images))
        if model.is_visnet:
            fingerprints = _ArrayFile(files, f"{out}/fingerprints.npy", len(images))
        for output in model.outputs(images):
            scores.append(_channels_first(output.logits))
            if model.is_visnet:
                fingerprints.append(_channels_first(output.fingerprints))
            predictions += _predictions(model.classes, class_scores(output.logits))
            progress.step(len(predictions), len(output.logits))
    return predictions


class _ArrayFile:
    """A .npy file of `count` rows that grows block by block, and appears when the context `files` ends well."""

    def __init__(self, files, path, count):
        self._stream, self._count = files.enter_context(atomic.new_file(path)), count

    def append(self, rows):
        """Add float32 rows; the first ones decide the shape."""
        if not self._stream.tell():
            np.lib.format.write_array_header_1_0(self._stream, {
                "descr": "<f4", "fortran_order": False, "shape": (self._count, *rows.shape[1:])})
        self._stream.write(np.ascontiguousarray(rows, "<f4").tobytes())


def _channels_first(values):
    return np.moveaxis(values, -1, 1)


def _predictions(classes, logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return [{"class": classes[label], "probability": round(float(row[label]), 6)}
            for row, label in zip(probabilities, probabilities.argmax(axis=1), strict=True)]
