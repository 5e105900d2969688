"""model.onnx, run by onnxruntime, against the numbers of the published programs and those of attribute."""

import json
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.utils import Extractor

from attribution import networks, onnx_graph
from attribution.export import export
from attribution.inference_onnx import Network as OnnxNetwork
from attribution.inference_tensorflow import Network
from sources.contract import models
from tests.attribution import parity

CLASSIFIERS = ("classifier-32", "classifier-32-postpool16", "classifier-32-predown8")


def exported(folder, tmp_path):
    """The file model.onnx of a model."""
    export(SimpleNamespace(model=str(folder), out=str(tmp_path / "open")))
    return onnx.load(tmp_path / "open" / "model.onnx")


def run(model, **inputs):
    """{output: array}."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def behind_the_images(model):
    """The part of a model that computes on values, as the fixtures' images are no whole bytes."""
    outputs = [output.name for output in model.graph.output]
    return Extractor(onnx.shape_inference.infer_shapes(model)).extract_model(
        [onnx_graph.VALUES], outputs)


@pytest.mark.parametrize("case", CLASSIFIERS)
def test_published_logits(case, tmp_path):
    expected = parity.load(case, tmp_path / case)[3]
    found = run(behind_the_images(exported(tmp_path / case, tmp_path)), values=expected["images"])
    parity.assert_near(found["scores"], expected["logits"], absolute=5e-6)


def test_published_fingerprints(tmp_path):
    expected = parity.load("visnet-32", tmp_path / "model")[3]
    found = run(behind_the_images(exported(tmp_path / "model", tmp_path)), values=expected["images"])
    parity.assert_near(found["fingerprints"], expected["fingerprints"], absolute=1e-5)
    parity.assert_near(found["scores"], expected["logits"], absolute=1e-5)


def made(folder, network, **changes):
    """A model with random weights, of a form that no fixture has."""
    _, settings, _, _ = parity.load(f"{network}-32", folder.parent / "published")
    settings = settings._replace(**changes)
    shapes = networks.variables(networks.classifier(settings, 32, 5))
    if network == "visnet":
        shapes = networks.visnet_variables(settings, 32, 5)
    random, prefix = np.random.RandomState(0), "EGs/" if network == "visnet" else ""
    models.write(str(folder), network, {
        prefix + name: random.standard_normal(shape).astype(np.float32)
        for name, shape in shapes.items()},
        settings=settings._asdict(), resolution=32, labels=list("abcde"))
    return folder


@pytest.mark.parametrize("network, changes", [
    ("classifier", {}), ("classifier", {"latent_res": 4}), ("classifier", {"latent_res": 8}),
    ("classifier", {"mode": "predownscale", "latent_res": 4}),
    *[("classifier", {"mode": "predownscale_residual", "switching_res": size}) for size in (4, 8, 32)],
    ("classifier", {"latent_res": 16, "head_width": 24}), ("visnet", {}),
    ("visnet", {"latent_res": -1, "code_width": 7})])
def test_bytes_give_what_tensorflow_makes_of_them(network, changes, tmp_path):
    folder = made(tmp_path / "model", network, **changes)
    images = np.random.RandomState(1).randint(0, 256, (3, 32, 32, 3)).astype(np.uint8)
    found = run(exported(folder, tmp_path), images=images)
    expected = Network(*models.read(str(folder), network), network == "visnet").compute(images)
    assert set(found) == set(expected)
    for name, values in expected.items():
        parity.assert_near(found[name], values, absolute=5e-5, name=name)


@pytest.mark.parametrize("cores", ["1", "3"])
def test_an_image_is_told_the_same_among_others_and_on_more_cores(cores, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", cores)
    model = models.read(str(made(tmp_path / "model", "classifier")), "classifier")
    images = np.random.RandomState(2).randint(0, 256, (41, 32, 32, 3)).astype(np.uint8)
    together = OnnxNetwork(*model).compute(images)
    alone = [OnnxNetwork(*model).compute(images[place:place + 1]) for place in (0, 20, 40)]
    for name, values in together.items():
        assert (values[[0, 20, 40]] == np.concatenate([one[name] for one in alone])).all()


def test_the_file_says_what_it_is(tmp_path):
    description, *_ = parity.load("classifier-32", tmp_path / "model")
    model = exported(tmp_path / "model", tmp_path)
    said = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(said["labels"]) == description["labels"] == [
        "real", "ProGAN", "SNGAN", "CramerGAN", "MMDGAN"]
    assert (said["architecture"], said["resolution"]) == ("classifier", "32")
    assert "uint8 (N, R, R, 3)" in model.doc_string
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]


def test_the_same_model_gives_the_same_bytes(tmp_path):
    parity.load("visnet-32", tmp_path / "model")
    once, again = (onnx_graph.build(*models.read(str(tmp_path / "model"), "visnet"))
                   .SerializeToString(deterministic=True) for _ in range(2))
    assert once == again
