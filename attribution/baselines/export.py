"""The verb export: the model in open formats."""

import json

from safetensors.numpy import save

from sources.contract import arrays, atomic, events, models


def export(arguments):
    """Write weights.safetensors and weights.npz, by the names that the Trainer's `weights` says."""
    model, weights = models.read(arguments.model, arguments.method.NAME)
    metadata = {"architecture": model["architecture"], "resolution": str(model["resolution"]),
                "labels": json.dumps(model["labels"]), "settings": json.dumps(model["settings"])}
    atomic.make_folder(arguments.out)
    arrays.save(f"{arguments.out}/weights.npz", weights)
    with atomic.new_file(f"{arguments.out}/weights.safetensors") as stream:
        stream.write(save(weights, metadata))
    events.done(weights=arguments.out)
