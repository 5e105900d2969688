"""Where the baselines compute: on the CPU, with these versions."""

from importlib.metadata import version

from sources.contract.errors import NoDevice

VERSIONS = {name: version(name) for name in ("numpy", "pywavelets", "scikit-learn", "scipy")}


def choose(wish):
    """"cpu" for "auto" and "cpu". Raises NoDevice for "cuda"."""
    if wish == "cuda":
        raise NoDevice("--device cuda: this method computes on the CPU alone; say `device: cpu` "
                       "beside its image in the manifest")
    return "cpu"
