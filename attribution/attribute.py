"""The verb attribute: scores, and fingerprints, of images from anywhere."""

from importlib.util import find_spec

import numpy as np

from attribution import inference, networks
from sources.contract import atomic, events, methods, models


def attribute(arguments):
    """Write what a model says of every image of the sets given, row after row.

    scores.npy         float32 logits, (N, labels); their softmax are probabilities
    features.npy       of a classifier: the layer before the logits, float32 (N, D)
    maps.npy           of a fully convolutional head: its logits, float32 (N, labels, h, w)
    familiarity.npy    of a classifier that has a threshold: how well it knows such images, (N,)
    attribution.json   labels, sets, and of every image the predicted label, and "known": whether
                       its familiarity reaches the threshold. It appears last
    With --fingerprints, of a visnet, whose scores are the sums of their products:
    fingerprints.npy         of every image, float32 (N, 3, R, R): image - reconstruction
    model_fingerprints.npy   of every source, float32 (labels, 3, R, R)
    """
    sets = methods.Sets(arguments.images, arguments.first, arguments.count)
    kinds = ("visnet",) if arguments.fingerprints else ("classifier", "visnet")
    description, weights = models.read(arguments.model, *kinds)
    sets.check_resolution(description, arguments.model)
    network = _network(arguments, description, weights)
    if arguments.fingerprints:
        atomic.make_folder(arguments.out)
        with atomic.new_file(f"{arguments.out}/model_fingerprints.npy") as stream:
            found = networks.model_fingerprints(networks.in_use(description, weights))
            np.save(stream, found.transpose(3, 2, 0, 1))
    outputs = (output for rows in sets.rows for output in inference.outputs(network, weights, rows))
    methods.answer(arguments.out, sets, description, outputs, **network.versions)


def _network(arguments, description, weights):
    """The model where it was wished for. The frameworks are loaded here, for good input alone."""
    precision = description["settings"]["precision"]
    if arguments.device != "cuda" and precision != "bfloat16" and find_spec("onnxruntime"):
        from attribution import inference_onnx  # in the flavour for CPUs

        events.log("computing on cpu")
        return inference_onnx.Network(description, weights, arguments.fingerprints)
    from attribution import device, inference_tensorflow

    chosen = device.choose(arguments.device, precision)
    events.log(f"computing on {chosen}")
    return inference_tensorflow.Network(description, weights, arguments.fingerprints)
