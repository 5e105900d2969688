"""The verb export: the weights in open formats. No TensorFlow."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save

from sources.contract import arrays, atomic, events, models

from .model import ARCHITECTURE


def export(arguments):
    """Write weights.safetensors and weights.npz: float32 arrays with the same names.

    generator/NAME, discriminator/NAME, generator_average/NAME (the one to generate with), where NAME and shape
    are those of the published checkpoints: conv weights (kh, kw, in, out), `Conv0_up` (kh, kw, out, in), dense
    (in, out), all to be multiplied by variables.scale; `lod`, a scalar, the level of detail.
    """
    description, weights = models.read(arguments.model, ARCHITECTURE)
    out = Path(arguments.out)
    atomic.make_folder(str(out))
    arrays.save(str(out / "weights.npz"), weights)
    metadata = {"architecture": ARCHITECTURE, "resolution": str(description["resolution"])}
    with atomic.new_file(str(out / "weights.safetensors")) as stream:
        stream.write(save({name: np.asarray(value, order="C") for name, value in weights.items()}, metadata))
    events.done(weights=arguments.out)
