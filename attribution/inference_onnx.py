"""A model at work on a processor, in float32, by ONNX Runtime: no TensorFlow.

It starts in half a second, TensorFlow in three. What it says of an image is the same to the bit
whatever images come with it, and on however many cores.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime

from attribution import onnx_graph
from attribution.cores import cores

VERSIONS = {"onnxruntime": onnxruntime.__version__, "numpy": np.__version__}
_PIECE = 8  # images that a core computes together: 11.4 ms each at 128 pixels, by one 12.7, by 32 12.0
_PIECES = 4  # of a block, for every core


class Network:
    """A model: its `description`, that of model.json, and its weights, {name: array}."""

    versions = VERSIONS

    def __init__(self, description, weights, fingerprints=False):
        """fingerprints: whether those of images are wanted; a visnet alone has any."""
        graph = onnx_graph.build(description, weights)
        self._names = [output.name for output in graph.graph.output
                       if fingerprints or output.name != "fingerprints"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # each core has images of its own, and waits for no other
        self._session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self._pool = ThreadPoolExecutor(cores())
        self.block = _PIECE * _PIECES * cores()

    def compute(self, images):
        """What inference.outputs yields of uint8 images (N, R, R, 3)."""
        pieces = [images[start:start + _PIECE] for start in range(0, len(images), _PIECE)]
        answers = self._pool.map(self._compute, pieces)
        return dict(zip(self._names, map(np.concatenate, zip(*answers, strict=True)), strict=True))

    def _compute(self, piece):
        return self._session.run(self._names, {"images": piece})
