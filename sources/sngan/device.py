"""Where Chainer computes."""

import chainer
from chainer.backends import cuda, intel64

from sources.contract.errors import NoDevice


def choose(wish):
    """Make Chainer compute on `wish`, "auto", "cpu" or "cuda", with the same bits every time.

    Returns "cpu", "cpu with iDeep" or "cuda". Raises NoDevice if CUDA is wished for and CuPy finds no GPU.
    """
    found = _gpu()
    if wish == "cuda" and found is not None:
        raise NoDevice("--device cuda: CuPy finds no GPU here (%s); use --device cpu, or start the CUDA flavour of the "
                       "image with a GPU (docker run --gpus all). CUDA 10.1 drives GPUs up to Turing; for newer "
                       "ones there is the image sngan-py3" % found)
    chainer.global_config.cudnn_deterministic = True
    if wish != "cpu" and found is None:
        cuda.get_device_from_id(0).use()
        return "cuda"
    if intel64.is_ideep_available():
        chainer.global_config.use_ideep = "auto"
        return "cpu with iDeep"
    return "cpu"


def place(network, device):
    """Bring a network where `choose` said."""
    if device == "cuda":
        network.to_gpu()
    elif device == "cpu with iDeep":
        network.to_intel64()
    return network


def _gpu():
    """None if there is a GPU that CuPy can use, else why not."""
    if not cuda.available:
        return str(getattr(cuda, "_resolution_error", "") or "CuPy is not installed").splitlines()[0]
    try:
        cuda.cupy.zeros(1)
    except (cuda.cupy.cuda.runtime.CUDARuntimeError, RuntimeError) as error:
        return str(error)
    return None
