"""A model as an ONNX graph: what networks.py lists, as nodes that any ONNX runtime computes.

    input   images        uint8 (N, R, R, 3), as in images.npy
    output  scores        float32 (N, labels); their softmax are probabilities
            features      of a classifier: what its last layer is given, float32 (N, D)
            maps          of a fully convolutional head: float32 (N, labels, h, w)
            fingerprints  of a visnet: float32 (N, 3, R, R)

That is what the verb attribute writes, computed in float32 whatever the precision of the training
was. Metadata of the file: `labels` (JSON), `architecture`, `resolution`, and these lines as its
doc_string. Inside, activations are (N, C, H, W) and the equalised learning rate is part of the
weights.
"""

import json
from functools import singledispatch

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from attribution import networks
from attribution.settings import Settings

OPSET, _IR_VERSION = 17, 8  # of 2022: every runtime of today reads them
VALUES = "values"  # the images as the networks take them: float32 (N, 3, R, R) in [-1, 1]
_ACTIVATIONS = {"leaky_relu": ("LeakyRelu", {"alpha": 0.2}), "tanh": ("Tanh", {})}


def build(description, weights):
    """The ONNX model of a model: `description` is that of model.json, weights {name: array}."""
    settings, resolution = Settings(**description["settings"]), description["resolution"]
    labels = len(description["labels"])
    graph = _Graph(networks.in_use(description, weights))
    graph.add_images()
    if description["architecture"] == "visnet":
        graph.add_visnet(networks.autoencoder(settings, resolution))
        shapes = {"fingerprints": (networks.COLOURS, resolution, resolution)}
    else:
        layers = networks.classifier(settings, resolution, labels)
        graph.add_classifier(layers)
        shapes = {"features": (layers[-1].inputs,)}
        if settings.latent_res != -1:
            shapes["maps"] = (labels, settings.latent_res, settings.latent_res)
    return _model(graph, description, {"scores": (labels,), **shapes})


class _Graph:
    """Nodes and constants as they are added. Every `add` returns the name of what it computes."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []

    def add(self, operator, *inputs, name=None, **attributes):
        """Add a node with these inputs."""
        name = name or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, array, name=None):
        """Add an array."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def scaled(self, name, gain, arrange):
        """Add a weight times the equalised learning rate, arranged as ONNX has it."""
        weight = self.weights[f"{name}/weight"]
        return self.constant(arrange(weight * networks.scale(weight.shape, gain)), f"{name}/weight")

    def bias(self, layer, *shape):
        """Add the bias of a layer."""
        name = f"{layer.name}/bias"
        return self.constant(self.weights[name].reshape(-1, *shape), name)

    def add_images(self):
        """From "images" to VALUES."""
        values = self.add("Cast", "images", to=TensorProto.FLOAT)
        values = self.add("Mul", values, self.constant(np.float32(2 / 255)))
        values = self.add("Sub", values, self.constant(np.float32(1)))
        self.add("Transpose", values, perm=(0, 3, 1, 2), name=VALUES)

    def add_layers(self, layers, features=VALUES):
        """Add `layers`, the first of which is given `features`."""
        for layer in layers:
            features = _add(layer, self, features)
        return features

    def add_classifier(self, layers):
        """What the last layer is given, "features", and what it makes of them, "scores".

        Of a fully convolutional head both are averages, that of "maps" the second.
        """
        features = self.add_layers(layers[:-1])
        logits = self.add_layers(layers[-1:], features)
        if isinstance(layers[-1], networks.Conv):
            logits = self.add("Identity", logits, name="maps")
            features, logits = (self.add("GlobalAveragePool", values) for values in (features, logits))
        self.add("Flatten", features, name="features")
        self.add("Flatten", logits, name="scores")

    def add_visnet(self, layers):
        """EG: "fingerprints", and their products with those of the models, "scores"."""
        reconstructions = self.add_layers(layers)
        fingerprints = self.add("Sub", VALUES, reconstructions, name="fingerprints")
        models = self.scaled("Conv_fingerprints", 1, lambda weight: np.moveaxis(
            weight, 2, 0).reshape(-1, weight.shape[3]))
        self.add("MatMul", self.add("Flatten", fingerprints), models, name="scores")


@singledispatch
def _add(layer, graph, features):
    raise TypeError(f"no layer: {layer!r}")


@_add.register
def _(layer: networks.Conv, graph, features):
    if layer.kernel == 3:
        features = _reflect(graph, features, 1)
    weight = graph.scaled(layer.name, layer.gain, lambda weight: weight.transpose(3, 2, 0, 1))
    return _activate(layer, graph, graph.add("Conv", features, weight, graph.bias(layer)))


@_add.register
def _(layer: networks.Dense, graph, features):
    weight = graph.scaled(layer.name, layer.gain, np.asarray)
    return _activate(layer, graph, graph.add(
        "Gemm", graph.add("Flatten", features), weight, graph.bias(layer)))


@_add.register
def _(layer: networks.DenseTo4x4, graph, features):
    product = graph.add("MatMul", features, graph.scaled(layer.name, layer.gain, np.asarray))
    square = graph.add("Reshape", product, graph.constant(np.array((-1, layer.outputs, 4, 4))))
    return _activate(layer, graph, graph.add("Add", square, graph.bias(layer, 1, 1)))


@_add.register
def _(layer: networks.Average, graph, features):
    return graph.add("AveragePool", features, kernel_shape=(2, 2), strides=(2, 2))


@_add.register
def _(layer: networks.Binomial, graph, features):
    return _filter(graph, features, networks.BINOMIAL, 2)


@_add.register
def _(layer: networks.Residual, graph, features):
    """A transposed convolution of a single 1 is what puts zeros behind every pixel."""
    smaller = _filter(graph, features, networks.BINOMIAL, 2)
    one = graph.constant(np.ones((networks.COLOURS, 1, 1, 1), np.float32))
    spread = graph.add("ConvTranspose", smaller, one, group=networks.COLOURS, strides=(2, 2),
                       output_padding=(1, 1))
    return graph.add("Sub", features, _filter(graph, spread, 4 * networks.BINOMIAL, 1))


@_add.register
def _(layer: networks.Upscale, graph, features):
    scales = graph.constant(np.array((1, 1, 2, 2), np.float32))
    return graph.add("Resize", features, "", scales, mode="nearest", nearest_mode="floor",
                     coordinate_transformation_mode="asymmetric")


def _filter(graph, features, kernel, stride):
    """The same filter, (5, 5), of every colour."""
    kernels = graph.constant(np.tile(kernel, (networks.COLOURS, 1, 1, 1)))
    return graph.add("Conv", _reflect(graph, features, 2), kernels,
                     group=networks.COLOURS, strides=(stride, stride))


def _reflect(graph, features, pixels):
    """Pad by reflection, without repeating the edge pixel."""
    pads = graph.constant(np.array((0, 0, pixels, pixels) * 2))
    return graph.add("Pad", features, pads, mode="reflect")


def _activate(layer, graph, features):
    if layer.activation == "linear":
        return features
    operator, attributes = _ACTIVATIONS[layer.activation]
    return graph.add(operator, features, **attributes)


def _model(graph, description, shapes):
    """The whole file. shapes: {output: shape of one image's}."""
    size = description["resolution"]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ("N", size, size, 3))
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", *shape))
               for name, shape in shapes.items()]
    model = helper.make_model(
        helper.make_graph(graph.nodes, description["architecture"], [images], outputs,
                          graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION,
        producer_name="gan-fingerprints", doc_string=__doc__)
    helper.set_model_props(model, {
        "architecture": description["architecture"], "resolution": str(size),
        "labels": json.dumps(description["labels"])})
    checker.check_model(model, full_check=True)
    return model
