"""Where TensorFlow computes. Import this before anything else that imports TensorFlow."""

import ctypes
import glob
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # standard error is for what concerns the user

import numpy as np

from attribution.cores import cores
from sources.contract import loading, quiet
from sources.contract.errors import NoDevice

with quiet.standard_error(), loading.framework():
    import tensorflow as tf

VERSIONS = {"tensorflow": tf.__version__, "numpy": np.__version__}


def choose(wish, precision="float32", together=True):
    """Make TensorFlow compute on `wish`, "auto", "cpu" or "cuda", always with the same bits.

    In full float32 but for the precision "tf32": unasked, TensorFlow takes TF32 on GPUs that have it.
    together: on a processor, whether its cores share each operation, one at a time, or each has
    operations of its own. (Of two that are shared at once, oneDNN's last bits differ from run to run.)
    Returns "cpu" or "cuda". Raises NoDevice if CUDA is wished for and TensorFlow sees no GPU.
    """
    if wish != "cpu":
        _find_libraries()
    with quiet.standard_error():
        gpus = tf.config.list_physical_devices("GPU")
    if wish == "cuda" and not gpus:
        raise NoDevice(f"--device cuda: TensorFlow {tf.__version__} sees no GPU here; use "
                       "--device cpu, or start the CUDA flavour of the image with a GPU "
                       "(docker run --gpus all)")
    tf.config.experimental.enable_op_determinism()
    tf.config.experimental.enable_tensor_float_32_execution(precision == "tf32")
    if wish == "cpu" or not gpus:
        tf.config.set_visible_devices([], "GPU")
        tf.config.threading.set_intra_op_parallelism_threads(cores() if together else 1)
        tf.config.threading.set_inter_op_parallelism_threads(1 if together else cores())
        return "cpu"
    tf.config.threading.set_intra_op_parallelism_threads(cores())
    for gpu in gpus:
        _limit_memory(gpu)
    return "cuda"


def bring(batch, device):
    """Arrays, or a structure of them, as tensors on `device`, "cpu" or "cuda", when this returns."""
    with tf.device({"cpu": "CPU:0", "cuda": "GPU:0"}[device]):
        return tf.nest.map_structure(tf.constant, batch)


def _find_libraries():
    """Load those of CUDA's libraries that are looked for where their wheels do not put them.

    Without cuSOLVER TensorFlow 2.21 sees no GPU; without NVRTC cuDNN has no kernels that it would
    compile. In the CPU flavour there are none to load.
    """
    wheels = os.path.join(os.path.dirname(tf.sysconfig.get_lib()), "nvidia")
    for name in ("cuda_nvrtc/lib/libnvrtc.so.*", "cusolver/lib/libcusolver.so.*"):
        for path in glob.glob(os.path.join(wheels, name)):
            ctypes.CDLL(path)


def _limit_memory(gpu):
    """Take of a GPU what is needed, or the part that is ours where others have it too."""
    part = os.environ.get("GANFP_GPU_MEMORY")
    if part is None:
        tf.config.experimental.set_memory_growth(gpu, True)
    else:
        limit = tf.config.LogicalDeviceConfiguration(memory_limit=int(part) >> 20)  # MiB
        tf.config.set_logical_device_configuration(gpu, [limit])
