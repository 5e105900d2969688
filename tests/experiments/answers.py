"""What an attribution method writes of image sets, as a test wants it to be."""

import json

import numpy as np


def write(folder, labels, sets, scores, features=None):
    """An answer of a method that knows `labels`. sets: {name: number of images}."""
    folder.mkdir(parents=True)
    np.save(folder / "scores.npy", np.asarray(scores, np.float32))
    if features is not None:
        np.save(folder / "features.npy", np.asarray(features, np.float32))
    index = [{"name": name, "first": 0, "count": count} for name, count in sets.items()]
    (folder / "attribution.json").write_text(json.dumps({"labels": labels, "sets": index}))
