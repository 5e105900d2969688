"""The verb export: the weights in open formats. No PyTorch."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save

from sources.contract import arrays, atomic, events, models


def export(arguments):
    """Write weights.safetensors and weights.npz: float32 arrays with the same names.

    generator/NAME and discriminator/NAME, with the names, shapes and layouts of the published checkpoints:
    convolutions (kh, kw, in, out), `g_h5/w` (kh, kw, out, in), dense layers (in, out).
    """
    description, weights = models.read(arguments.model, arguments.gan.NAME)
    out = Path(arguments.out)
    atomic.make_folder(str(out))
    arrays.save(str(out / "weights.npz"), weights)
    metadata = {"architecture": arguments.gan.NAME, "resolution": str(description["resolution"])}
    with atomic.new_file(str(out / "weights.safetensors")) as stream:
        stream.write(save({name: np.ascontiguousarray(value) for name, value in weights.items()}, metadata))
    events.done(weights=arguments.out)
