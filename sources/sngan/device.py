"""Where Chainer computes."""

import chainer
import numpy as np
from chainer.backends import cuda, intel64

from sources.contract.errors import NoDevice


def choose(wish):
    """Make Chainer compute on `wish`, "auto", "cpu" or "cuda", with the same bits every time.

    Returns "cpu", "cpu with iDeep" or "cuda". Raises NoDevice if CUDA is wished for and CuPy finds no GPU.
    """
    found = _gpu() if wish != "cpu" else "not wished for"
    if wish == "cuda" and found is not None:
        raise NoDevice("--device cuda: CuPy finds no GPU here that it can use (%s); use --device cpu, or start the "
                       "CUDA flavour of the image with a GPU of compute capability 5.0 to 9.0 (docker run --gpus all)"
                       % found)
    chainer.global_config.cudnn_deterministic = True
    if found is None:
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
    """None if there is a GPU that CuPy can use, else why not, in one line."""
    if not cuda.available:
        return str(cuda._resolution_error).splitlines()[-1].replace("original error: ", "")
    try:  # a kernel that CuPy compiles and one of cuDNN: each needs a driver and a GPU that suit it
        ones = cuda.cupy.ones((1, 1, 1, 1), np.float32)
        float(chainer.functions.convolution_2d(ones, ones).array)
    except (RuntimeError, cuda.cupy.cuda.compiler.CompileException) as error:  # the first: whatever CUDA refuses
        return str(error).splitlines()[0]
    return None
