"""SNGAN (Chainer): the same files on Python 2.7 with Chainer 6.7 and on Python 3 with Chainer 7.8."""

import os

# Before CUDA is loaded: cuDNN and cuBLAS take TF32 unasked where the GPU has it, and the published code had float32.
os.environ["NVIDIA_TF32_OVERRIDE"] = "0"
