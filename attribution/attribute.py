"""The verb attribute: scores, and fingerprints, of images from anywhere."""

import contextlib

import numpy as np

from attribution import device, feeding
from attribution.inference import Attributor
from sources.contract import atomic, command, events
from sources.contract.errors import BadInput


def attribute(arguments):
    """Write what a model says of every image of the sets given, row after row.

    scores.npy         float32 logits, (N, labels); their softmax are probabilities
    maps.npy           of a fully convolutional head: its logits, float32 (N, labels, h, w)
    fingerprints.npy   of a visnet: image fingerprints, float32 (N, 3, R, R), image - reconstruction
    attribution.json   labels, sets, and of every image the predicted label. It appears last
    """
    first, count = arguments.first, arguments.count
    sets = feeding.read_sets(arguments.images, first, count)
    events.log(f"computing on {device.choose(arguments.device)}")
    model = Attributor(arguments.model)
    _check_resolution(model, sets, arguments.model)
    rows = {name: image_set.images[first:][:count] for name, image_set in sets.items()}
    atomic.make_folder(arguments.out)
    predictions = _write_arrays(model, list(rows.values()), arguments.out)
    atomic.write_json(f"{arguments.out}/attribution.json", {
        "labels": model.labels, "predictions": predictions,
        "sets": [{"name": name, "first": first, "count": len(rows[name]),
                  "sha256": image_set.index["sha256"]} for name, image_set in sets.items()],
        "model_sha256": model.description["weights_sha256"],
        "made_by": command.made_by(**device.VERSIONS)})
    events.done(out=arguments.out)


def _check_resolution(model, sets, folder):
    for name, image_set in sets.items():
        if image_set.resolution != model.resolution:
            raise BadInput(f"--images {name}: {image_set.resolution} pixels, but {folder} takes "
                           f"{model.resolution}; give it images of that size")


def _write_arrays(model, parts, out):
    """Write NAME.npy of every output of the model; returns [{"label": name, "probability": p}]."""
    predictions, files = [], {}
    total = sum(map(len, parts))
    progress = events.Progress(total)
    with contextlib.ExitStack() as context:
        for outputs in (outputs for images in parts for outputs in model.outputs(images)):
            for name, values in outputs.items():
                if name not in files:
                    stream = context.enter_context(atomic.new_file(f"{out}/{name}.npy"))
                    files[name] = _start(stream, (total, *values.shape[1:]))
                files[name].write(np.ascontiguousarray(values, "<f4").tobytes())
            predictions += _predictions(model.labels, outputs["scores"])
            progress.step(len(predictions), len(outputs["scores"]))
    return predictions


def _start(stream, shape):
    """`stream` with the header of a .npy file of float32 of this shape."""
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return stream


def _predictions(labels, scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return [{"label": labels[best], "probability": round(float(row[best]), 6)}
            for row, best in zip(probabilities, probabilities.argmax(axis=1), strict=True)]
