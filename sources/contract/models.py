"""Model directories: `model.json` and `weights.npz`, all that is needed to generate again.

model.json appears last, so a folder with a model.json holds a whole model.
"""

import json
import os

from . import arrays, atomic, imagesets
from .errors import BadInput

FORMAT = 1


def write(folder, architecture, weights, **description):
    """Write a model: weights {name: float32 array} and what describes it.

    description: `settings` (dict), `resolution`, `source` (dict), `block` (images that are generated
    together), `training` (dict, the identity of the training that made it; None for an import) and whatever
    else the architecture needs, as JSON.
    """
    atomic.make_folder(folder)
    path = os.path.join(folder, "weights.npz")
    arrays.save(path, weights)
    atomic.write_json(os.path.join(folder, "model.json"), dict(
        description, format=FORMAT, architecture=architecture, weights_sha256=imagesets.hash_file(path)))


def holds(folder, training):
    """Whether `folder` holds the whole model of the training of this identity (a dict)."""
    try:
        description = atomic.read_json(os.path.join(folder, "model.json"))
        return description["training"] == json.loads(json.dumps(training))
    except (IOError, OSError, ValueError, KeyError, TypeError):
        return False


def part(weights, prefix):
    """{name: array} of `weights` below `prefix`, such as "generator": names without it."""
    start = prefix + "/"
    return dict((name[len(start):], value) for name, value in weights.items()
                if name.startswith(start))


def read(folder, *architectures):
    """Read a model of one of `architectures`: (description, weights).

    Raises BadInput if the folder holds no whole model, or one of another architecture.
    """
    path = os.path.join(folder, "model.json")
    try:
        description = atomic.read_json(path)
    except (IOError, OSError):
        raise BadInput("%s: no model here; `train` writes model.json when it has finished" % folder)
    except ValueError as error:
        raise BadInput("%s: not JSON (%s)" % (path, error))
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise BadInput("%s: not a model of format %d" % (path, FORMAT))
    if description.get("architecture") not in architectures:
        raise BadInput("%s: a %s, where %s is expected"
                       % (path, description.get("architecture"), " or ".join(architectures)))
    weights_path = os.path.join(folder, "weights.npz")
    weights = arrays.load(weights_path)
    if imagesets.hash_file(weights_path) != description.get("weights_sha256"):
        raise BadInput("%s: its content is not what model.json says (sha256 differs)" % weights_path)
    return description, weights
