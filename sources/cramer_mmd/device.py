"""Where PyTorch computes."""

import os

import torch

from sources.contract.errors import NoDevice


def choose(wish):
    """The torch.device for "auto", "cpu" or "cuda", with the same bits every time.

    Raises NoDevice if CUDA is wished for and PyTorch sees no GPU.
    """
    if wish == "cuda" and not torch.cuda.is_available():
        raise NoDevice("--device cuda: PyTorch %s sees no GPU here; use --device cpu, or start the CUDA flavour of the "
                       "image with a GPU (docker run --gpus all)" % torch.__version__)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS wants for reproducible sums
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.allow_tf32 = False  # the published code computed in full float32
    return torch.device("cpu" if wish == "cpu" or not torch.cuda.is_available() else "cuda")
