"""What tests/gpu/measure.py asks of each framework, in the room that has it. Python 2.7 and 3.

peak(size)      a function number -> a scalar, one product of two (size, size) matrices, in the precision
copy(bytes)     the same of one array of so many bytes that is read, and written elsewhere
operations(do)  floating-point operations of convolutions and products in do(), forward and backward
memory()        bytes that it had of the device at most, or of this machine
"""

import resource

import numpy as np

_MACHINE_UNIT = 1024  # bytes, of ru_maxrss on Linux


def find(image):
    """The class of the framework of an image."""
    return {"sngan": Chainer, "cramergan": PyTorch, "mmdgan": PyTorch}.get(image, TensorFlow)


class _Framework(object):
    def __init__(self, device, precision):
        self.on_gpu, self.precision = device == "cuda", precision

    def memory(self):
        return self._of_the_gpu() if self.on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MACHINE_UNIT


class PyTorch(_Framework):
    def peak(self, size):
        import torch

        kind = torch.bfloat16 if self.precision == "bfloat16" else torch.float32
        matrix = torch.ones((size, size), dtype=kind, device="cuda" if self.on_gpu else "cpu")
        return lambda number: torch.matmul(matrix, matrix)[0, 0]

    def copy(self, size):
        import torch

        array = torch.ones(size // 4, device="cuda" if self.on_gpu else "cpu")
        return lambda number: (array + 1)[0]

    def operations(self, do):
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter:
            do()
        return counter.get_total_flops()

    def _of_the_gpu(self):
        import torch

        return torch.cuda.max_memory_allocated()


class TensorFlow(_Framework):
    def peak(self, size):
        import tensorflow as tf

        matrix = tf.ones((size, size), tf.bfloat16 if self.precision == "bfloat16" else tf.float32)
        return lambda number: tf.matmul(matrix, matrix)[0, 0]

    def copy(self, size):
        import tensorflow as tf

        array = tf.ones(size // 4)
        return lambda number: (array + 1)[0]

    def operations(self, do):
        """Of the graph of do(), with the functions that it calls written out, as far as anything hangs on it."""
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
        graph = tf.function(do).get_concrete_function().graph
        tf.config.run_functions_eagerly(False)
        found, waiting = {}, [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
        while waiting:
            operation = waiting.pop()
            if operation.name not in found:
                found[operation.name] = _OF_TENSORFLOW.get(operation.type, lambda operation: 0)(operation)
                waiting += [tensor.op for tensor in operation.inputs] + list(operation.control_inputs)
        return sum(found.values())

    def _of_the_gpu(self):
        import tensorflow as tf

        return tf.config.experimental.get_memory_info("GPU:0")["peak"]


class Chainer(_Framework):
    def peak(self, size):
        matrix = self._arrays().ones((size, size), np.float32)
        return lambda number: matrix.dot(matrix)[0, 0]

    def copy(self, size):
        array = self._arrays().ones(size // 4, np.float32)
        return lambda number: (array + 1)[0]

    def operations(self, do):
        from chainer import FunctionHook, using_config

        class Counter(FunctionHook):
            """Gradients of functions are functions too."""

            name, total = "Counter", 0

            def forward_preprocess(self, function, arrays):
                self.total += _OF_CHAINER.get(type(function).__name__, lambda one, arrays: 0)(function, arrays)

        with Counter() as counter, using_config("use_ideep", "never"):  # which makes one function of many
            do()
        return counter.total

    def _arrays(self):
        from chainer.backends import cuda

        return cuda.cupy if self.on_gpu else np

    def _of_the_gpu(self):
        from chainer.backends import cuda

        return cuda.memory_pool.total_bytes()


# Two operations for every multiplication with its addition. Of TensorFlow's operations, maps (N, H, W, C):
_OF_TENSORFLOW = {
    "Conv2D": lambda one: 2 * _size(one.inputs[1]) * _pixels(one.outputs[0].shape, 3),
    "Conv2DBackpropInput": lambda one: 2 * _size(one.inputs[1]) * _pixels(one.inputs[2].shape, 3),
    "Conv2DBackpropFilter": lambda one: 2 * _size(one.outputs[0]) * _pixels(one.inputs[2].shape, 3),
    "MatMul": lambda one: 2 * _size(one.outputs[0]) * one.inputs[0].shape[0 if one.get_attr("transpose_a") else 1],
}
# Of Chainer's functions and what each is given, maps (N, C, H, W); all convolutions have stride 1:
_OF_CHAINER = {
    "Convolution2DFunction": lambda one, arrays: 2 * arrays[1].size * _pixels(arrays[0].shape, 1),
    "Deconvolution2DFunction": lambda one, arrays: 2 * arrays[1].size * _pixels(arrays[0].shape, 1),
    "Convolution2DGradW": lambda one, arrays: 2 * arrays[0].shape[1] * one.kh * one.kw * arrays[1].size,
    "LinearFunction": lambda one, arrays: 2 * arrays[1].size * len(arrays[0]),
    "LinearGradData": lambda one, arrays: 2 * arrays[0].size * len(arrays[1]),
    "LinearGradWeight": lambda one, arrays: 2 * arrays[0].size * arrays[1].shape[1],
}


def _size(tensor):
    return tensor.shape.num_elements()


def _pixels(shape, channels):
    """Of all maps, of one channel. channels: their axis."""
    return int(np.prod([side for axis, side in enumerate(shape) if axis != channels]))
