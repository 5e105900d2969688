"""Where PyTorch computes."""

import os

import torch

from sources.contract.errors import NoDevice


def choose(wish, precision="float32"):
    """The torch.device for "auto", "cpu" or "cuda", with the same bits every time, in full float32 but for "tf32".

    Raises NoDevice if CUDA is wished for and PyTorch sees no GPU.
    """
    if wish == "cuda" and not torch.cuda.is_available():
        raise NoDevice("--device cuda: PyTorch %s sees no GPU here; use --device cpu, or start the CUDA flavour of the "
                       "image with a GPU (docker run --gpus all)" % torch.__version__)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS wants for reproducible sums
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    for backend in (torch.backends.cuda.matmul, torch.backends.cudnn):  # which differ in what they do unless told
        backend.allow_tf32 = precision == "tf32"
    if wish == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if "GANFP_GPU_MEMORY" in os.environ:  # others have the GPU too
        there = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, int(os.environ["GANFP_GPU_MEMORY"]) / there))
    return torch.device("cuda")
