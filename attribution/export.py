"""The verb export: the model in open formats. No TensorFlow."""

import json

from safetensors.numpy import save

from attribution import onnx_graph
from sources.contract import arrays, atomic, events, models


def export(arguments):
    """Write model.onnx (onnx_graph.py says what is in it), weights.safetensors and weights.npz.

    The last two hold float32 arrays of the same names. Names and shapes are those of the published
    checkpoints, of a visnet after "EG/", "D_rec/" or "EGs/" (the moving average, the one to use):
    RxR/Conv0/weight (kh, kw, in, out), RxR/Dense1/weight (in, out), inputs in the order channel,
    row, column, Conv_fingerprints/weight (R, R, 3, labels). Every weight is to be multiplied by
    gain / sqrt(product of all axes but the last), gains in networks.py. A trained classifier has
    also unknown/references (images, D), which is as it is: openset.py says what for.
    """
    description, weights = models.read(arguments.model, "classifier", "visnet")
    metadata = {"architecture": description["architecture"],
                "resolution": str(description["resolution"]),
                "labels": json.dumps(description["labels"]),
                "settings": json.dumps(description["settings"])}
    graph = onnx_graph.build(description, weights)
    atomic.make_folder(arguments.out)
    arrays.save(f"{arguments.out}/weights.npz", weights)
    _write(f"{arguments.out}/weights.safetensors", save(weights, metadata))
    _write(f"{arguments.out}/model.onnx", graph.SerializeToString(deterministic=True))
    events.done(weights=arguments.out)


def _write(path, content):
    with atomic.new_file(path) as stream:
        stream.write(content)
