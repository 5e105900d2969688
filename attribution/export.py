"""The verb export: the weights in open formats. No TensorFlow."""

import json

from safetensors.numpy import save

from sources.contract import arrays, atomic, events, models


def export(arguments):
    """Write weights.safetensors and weights.npz: float32 arrays of the same names.

    Names and shapes are those of the published checkpoints, of a visnet after "EG/", "D_rec/" or "EGs/" (the moving
    average, the one to use): RxR/Conv0/weight (kh, kw, in, out), RxR/Dense1/weight (in, out), inputs in the order
    channel, row, column, Conv_fingerprints/weight (R, R, 3, labels). Every weight is to be multiplied by
    gain / sqrt(product of all axes but the last), gains in networks.py.
    """
    description, weights = models.read(arguments.model, "classifier", "visnet")
    metadata = {"architecture": description["architecture"], "resolution": str(description["resolution"]),
                "classes": json.dumps(description["classes"]), "settings": json.dumps(description["settings"])}
    atomic.make_folder(arguments.out)
    arrays.save(f"{arguments.out}/weights.npz", weights)
    with atomic.new_file(f"{arguments.out}/weights.safetensors") as stream:
        stream.write(save(weights, metadata))
    events.done(weights=arguments.out)
