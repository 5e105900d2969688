"""The verb check: is this image whole?"""

import io
from importlib.metadata import version

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA

from sources.contract import events
from sources.contract.errors import NoDevice

_PACKAGES = ("jinja2", "matplotlib", "numpy", "pillow", "scikit-learn", "scipy")


def check(arguments):
    """Learn something, draw it, say the versions. Raises NoDevice for "cuda"."""
    if arguments.device == "cuda":
        raise NoDevice("--device cuda: measures and the report are made on the CPU alone")
    versions = {name: version(name) for name in _PACKAGES}
    line = PCA(1).fit(np.arange(6.0).reshape(3, 2)).components_[0]
    if not np.allclose(abs(line), 0.5 ** 0.5):
        raise RuntimeError(f"nonsense is computed here, with {versions}")
    figure = Figure()
    figure.add_subplot().plot(line)
    figure.savefig(io.BytesIO(), format="svg")
    events.done(versions=versions, device="cpu")
