"""evaluate, attribute, export and the command line, on published checkpoints and image sets."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file

from attribution import layers, networks
from attribution.attribute import attribute
from attribution.evaluate import evaluate, metrics
from attribution.export import export
from sources.contract import models
from sources.contract.errors import BadInput
from tests.attribution import parity
from tests.attribution.conftest import write_set


@pytest.fixture
def photographs(tmp_path):
    """An image set of 70 images, more than a block, and its images."""
    images = np.random.RandomState(5).randint(0, 256, (70, 32, 32, 3)).astype(np.uint8)
    return write_set(tmp_path / "photographs", images), images


def attributed(case, photographs, tmp_path):
    """Import, attribute: (settings, weights, images in [-1, 1], folder of the scores)."""
    _, settings, weights, _ = parity.load(case, tmp_path / case)
    out = tmp_path / "scores"
    attribute(SimpleNamespace(model=str(tmp_path / case), images=photographs[0], out=str(out), device="cpu"))
    return settings, weights, photographs[1].astype(np.float32) * np.float32(2 / 255) - 1, out


@pytest.mark.parametrize("case", ["classifier-32", "classifier-32-postpool16", "classifier-32-predown8"])
def test_scores_of_an_imported_classifier(case, photographs, tmp_path):
    settings, weights, images, out = attributed(case, photographs, tmp_path)
    scores = np.load(out / "scores.npy")
    assert scores.dtype == np.float32 and not (out / "fingerprints.npy").exists()
    parity.assert_near(scores, layers.run(networks.classifier(settings, 32, 5), weights, images), absolute=5e-6)
    found = json.loads((out / "attribution.json").read_text())
    best = scores.argmax(axis=1)
    assert [entry["class"] for entry in found["predictions"]] == [found["classes"][label] for label in best]
    expected = np.exp(scores).max(axis=1) / np.exp(scores).sum(axis=1)
    parity.assert_near([entry["probability"] for entry in found["predictions"]], expected, absolute=1e-6)


def test_fingerprints_of_an_imported_visnet(photographs, tmp_path):
    settings, weights, images, out = attributed("visnet-32", photographs, tmp_path)
    average = {name.removeprefix("EGs/"): value for name, value in weights.items() if name.startswith("EGs/")}
    _, fingerprints, logits = layers.encode_and_compare(networks.autoencoder(settings, 32), average, images)
    parity.assert_near(np.load(out / "scores.npy"), logits, absolute=1e-5)
    parity.assert_near(np.load(out / "fingerprints.npy"), np.moveaxis(fingerprints, 3, 1), absolute=1e-5)


def test_scores_of_a_fully_convolutional_head_keep_the_published_layout(photographs, tmp_path):
    _, settings, _, _ = parity.load("classifier-32", tmp_path / "small")
    settings = settings._replace(latent_res=8)
    network = networks.classifier(settings, 32, 5)
    random = np.random.RandomState(0)
    weights = {name: random.standard_normal(shape).astype(np.float32)
               for name, shape in networks.variables(network).items()}
    models.write(str(tmp_path / "model"), "classifier", weights, settings=settings._asdict(), resolution=32,
                 classes=list("abcde"))
    attribute(SimpleNamespace(model=str(tmp_path / "model"), images=photographs[0], out=str(tmp_path), device="cpu"))
    scores = np.load(tmp_path / "scores.npy")
    expected = layers.run(network, weights, layers.to_float(photographs[1])).numpy()
    assert scores.shape == (70, 5, 8, 8)
    parity.assert_near(scores, np.moveaxis(expected, 3, 1), absolute=1e-5)


def test_metrics_by_hand():
    found = metrics(["a", "b", "c"], np.array([[3, 1, 0], [2, 2, 0], [0, 0, 0]]))
    assert (found["accuracy"], found["images"]) == (5 / 8, 8)
    assert found["per_class"] == {"a": {"precision": 3 / 5, "recall": 3 / 4, "images": 4},
                                  "b": {"precision": 2 / 3, "recall": 2 / 4, "images": 4},
                                  "c": {"precision": None, "recall": None, "images": 0}}


def test_what_evaluate_and_attribute_refuse(photographs, tmp_path, image_sets):
    parity.load("classifier-32", tmp_path / "model")
    request = SimpleNamespace(model=str(tmp_path / "model"), device="cpu", out=str(tmp_path / "out"), first=0, count=4)
    for images, words in (([("cat", photographs[0])], "knows no such class; it knows real, ProGAN"),
                          ([("real", image_sets[0][1])], "8 pixels, but .* takes 32"),
                          ([("real", photographs[0]), ("SNGAN", image_sets[0][1])], "different resolutions")):
        request.images = images
        with pytest.raises(BadInput, match=words):
            evaluate(request)
    request.images = image_sets[0][1]
    with pytest.raises(BadInput, match="8 pixels, but .* takes 32"):
        attribute(request)
    request.images, request.first = [("real", photographs[0])], 68
    with pytest.raises(BadInput, match="has 70 images, 72 are needed"):
        evaluate(request)
    assert not (tmp_path / "out").exists()


def test_exported_weights_are_the_imported_ones(tmp_path):
    _, _, weights, _ = parity.load("visnet-32", tmp_path / "model")
    export(SimpleNamespace(model=str(tmp_path / "model"), out=str(tmp_path / "open")))
    found, also = load_file(tmp_path / "open" / "weights.safetensors"), np.load(tmp_path / "open" / "weights.npz")
    assert set(found) == set(weights) == set(also.files)
    for name, value in weights.items():
        np.testing.assert_array_equal(found[name], value)
        np.testing.assert_array_equal(also[name], value)


def test_the_command_line_says_what_is_wrong_in_one_line():
    for arguments, words in ((["train", "--images", "faces", "--out", "x"], "expected NAME=DIR"),
                             (["import", "--checkpoint", "nowhere.pkl", "--out", "x"], "nowhere.pkl"),
                             (["atribute"], "--help")):
        ended = subprocess.run([sys.executable, "-m", "attribution", *arguments], capture_output=True, text=True,
                               check=False, cwd=parity.FIXTURES.parents[2])
        assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and words in ended.stderr
