"""attribute, export and the command line, on published checkpoints and image sets."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load_file

from attribution import layers, networks
from attribution.attribute import attribute
from attribution.export import export
from attribution.inference_onnx import Network
from attribution.settings import from_config
from sources.contract import imagesets, models
from sources.contract.errors import BadInput
from tests.attribution import parity
from tests.attribution.conftest import write_set


@pytest.fixture
def photographs(tmp_path):
    """An image set of 70 images, more than a block, and its images."""
    images = np.random.RandomState(5).randint(0, 256, (70, 32, 32, 3)).astype(np.uint8)
    return write_set(tmp_path / "photographs", images), images


def request(model, out, *sets, first=0, count=None, fingerprints=False):
    return SimpleNamespace(model=str(model), images=list(sets), first=first, count=count, out=str(out),
                           device="cpu", fingerprints=fingerprints)


def attributed(case, photographs, tmp_path, **more):
    """Import, attribute: (settings, weights, images in [-1, 1], folder of the scores)."""
    _, settings, weights, _ = parity.load(case, tmp_path / case)
    attribute(request(tmp_path / case, tmp_path / "scores", ("photographs", photographs[0]), **more))
    values = photographs[1].astype(np.float32) * np.float32(2 / 255) - 1
    return settings, weights, values, tmp_path / "scores"


@pytest.mark.parametrize("case", ["classifier-32", "classifier-32-postpool16", "classifier-32-predown8"])
def test_scores_of_an_imported_classifier(case, photographs, tmp_path):
    settings, weights, images, out = attributed(case, photographs, tmp_path)
    scores = np.load(out / "scores.npy")
    features, last = np.load(out / "features.npy"), networks.classifier(settings, 32, 5)[-1]
    weight, bias = (weights[f"{last.name}/{part}"] for part in ("weight", "bias"))
    parity.assert_near(features @ (weight * networks.scale(weight.shape, last.gain)) + bias, scores, absolute=1e-5)
    assert scores.dtype == np.float32 and not (out / "fingerprints.npy").exists()
    parity.assert_near(scores, layers.run(networks.classifier(settings, 32, 5), weights, images), absolute=5e-6)
    found = json.loads((out / "attribution.json").read_text())
    best = scores.argmax(axis=1)
    assert [entry["label"] for entry in found["predictions"]] == [found["labels"][label] for label in best]
    expected = np.exp(scores).max(axis=1) / np.exp(scores).sum(axis=1)
    parity.assert_near([entry["probability"] for entry in found["predictions"]], expected, absolute=1e-6)


def test_fingerprints_of_an_imported_visnet(photographs, tmp_path):
    settings, weights, images, out = attributed("visnet-32", photographs, tmp_path, fingerprints=True)
    average = {name.removeprefix("EGs/"): value for name, value in weights.items() if name.startswith("EGs/")}
    _, fingerprints, logits = layers.encode_and_compare(networks.autoencoder(settings, 32), average, images)
    parity.assert_near(np.load(out / "scores.npy"), logits, absolute=1e-5)
    found, compared = (np.load(out / f"{name}.npy") for name in ("fingerprints", "model_fingerprints"))
    parity.assert_near(found, np.moveaxis(fingerprints, 3, 1), absolute=1e-5)
    parity.assert_near(np.einsum("nchw,lchw->nl", found, compared), logits, absolute=1e-4)


def test_a_network_that_reconstructs_nothing_takes_images_for_their_fingerprints():
    settings, images = from_config({"network": "visnet", "fmap_base": 32}), np.random.RandomState(6).randint(
        0, 256, (3, 8, 8, 3)).astype(np.uint8)
    weights = {name: np.zeros(shape, np.float32)
               for name, shape in networks.model_variables(settings, 8, 2).items()}
    weights["EGs/Conv_fingerprints/weight"][..., 1] = 1
    network = Network({"architecture": "visnet", "resolution": 8, "labels": ["A", "B"],
                       "settings": settings._asdict()}, weights, fingerprints=True)
    found = network.compute(images)
    values, scale = images * (2 / 255) - 1, 1 / np.sqrt(8 * 8 * 3)
    parity.assert_near(found["fingerprints"], np.moveaxis(values, 3, 1), absolute=1e-6)
    parity.assert_near(found["scores"], np.outer(values.sum(axis=(1, 2, 3)) * scale, [0, 1]), absolute=1e-5)


def test_fingerprints_are_large_and_written_when_asked_for(photographs, tmp_path):
    *_, out = attributed("visnet-32", photographs, tmp_path)
    assert sorted(path.name for path in out.iterdir()) == ["attribution.json", "scores.npy"]
    with pytest.raises(BadInput, match="a classifier, where visnet is expected"):
        attributed("classifier-32", photographs, tmp_path, fingerprints=True)


def test_a_fully_convolutional_head_writes_its_map_and_scores_by_its_average(photographs, tmp_path):
    _, settings, _, _ = parity.load("classifier-32", tmp_path / "small")
    settings = settings._replace(latent_res=8)
    network = networks.classifier(settings, 32, 5)
    random = np.random.RandomState(0)
    weights = {name: random.standard_normal(shape).astype(np.float32)
               for name, shape in networks.variables(network).items()}
    models.write(str(tmp_path / "model"), "classifier", weights, settings=settings._asdict(), resolution=32,
                 labels=list("abcde"))
    attribute(request(tmp_path / "model", tmp_path / "said", ("photographs", photographs[0])))
    scores, maps = (np.load(tmp_path / "said" / f"{name}.npy") for name in ("scores", "maps"))
    expected = layers.run(network, weights, layers.to_float(photographs[1])).numpy()
    assert scores.shape == (70, 5) and maps.shape == (70, 5, 8, 8)
    parity.assert_near(maps, np.moveaxis(expected, 3, 1), absolute=1e-5)
    parity.assert_near(scores, maps.mean(axis=(2, 3)), absolute=1e-5)


def test_rows_of_several_sets(photographs, tmp_path):
    folder, images = photographs
    other = write_set(tmp_path / "other", images[::-1])
    parity.load("classifier-32", tmp_path / "model")
    attribute(request(tmp_path / "model", tmp_path / "whole", ("all", folder)))
    attribute(request(tmp_path / "model", tmp_path / "part", ("there", folder), ("back", other), first=3, count=5))
    whole, part = (np.load(tmp_path / name / "scores.npy") for name in ("whole", "part"))
    assert np.array_equal(part, np.concatenate([whole[3:8], whole[::-1][3:8]]))
    said = json.loads((tmp_path / "part" / "attribution.json").read_text())
    assert said["sets"] == [
        {"name": name, "first": 3, "count": 5, "sha256": imagesets.read(place).index["sha256"]}
        for name, place in (("there", folder), ("back", other))]
    assert said["model_sha256"] == models.read(str(tmp_path / "model"), "classifier")[0]["weights_sha256"]
    assert "onnxruntime" in said["made_by"]["versions"] and len(said["predictions"]) == 10


def test_what_attribute_refuses(photographs, tmp_path, image_sets):
    parity.load("classifier-32", tmp_path / "model")
    whole, small = ("photographs", photographs[0]), image_sets[0]
    for sets, first, words in (([small], 0, "dark: 8 pixels, but the model in .* takes 32"),
                               ([whole, small], 0, "different resolutions"),
                               ([whole, whole], 0, "given twice"),
                               ([whole], 68, "photographs: has 70 images, 72 are needed")):
        with pytest.raises(BadInput, match=words):
            attribute(request(tmp_path / "model", tmp_path / "out", *sets, first=first, count=4))
    assert not (tmp_path / "out").exists()


def test_exported_weights_are_the_imported_ones(tmp_path):
    _, _, weights, _ = parity.load("visnet-32", tmp_path / "model")
    export(SimpleNamespace(model=str(tmp_path / "model"), out=str(tmp_path / "open")))
    found, also = load_file(tmp_path / "open" / "weights.safetensors"), np.load(tmp_path / "open" / "weights.npz")
    assert set(found) == set(weights) == set(also.files)
    for name, value in weights.items():
        np.testing.assert_array_equal(found[name], value)
        np.testing.assert_array_equal(also[name], value)


def call(*arguments):
    return subprocess.run([sys.executable, "-m", "attribution", *arguments], capture_output=True, text=True,
                          check=False, cwd=parity.FIXTURES.parents[2])


def test_check_says_the_versions():
    ended = call("check", "--device", "cpu")
    done = json.loads(ended.stdout.splitlines()[-1])
    assert ended.returncode == 0 and done["device"] == "cpu" and "tensorflow" in done["versions"]


@pytest.mark.parametrize("arguments, words", [
    (["train", "--images", "faces", "--train", "1", "--validation", "1", "--out", "x"], "expected NAME=DIR"),
    (["train", "--images", "a=nowhere", "--train", "1", "--validation", "1", "--out", "x"], "nowhere"),
    (["train", "--images", "a=nowhere", "--out", "x"], "--train, --validation"),
    (["attribute", "--model", "m", "--images", "a=nowhere", "--out", "x"], "nowhere"),
    (["import", "--checkpoint", "nowhere.pkl", "--out", "x"], "nowhere.pkl"),
    (["atribute"], "--help")])
def test_the_command_line_says_what_is_wrong_in_one_line(arguments, words):
    ended = call(*arguments)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and words in ended.stderr


def test_bad_images_are_refused_before_tensorflow_is_loaded(image_sets, tmp_path):
    parity.load("classifier-32", tmp_path / "model")
    name, folder = image_sets[0]
    ended = call("attribute", "--model", str(tmp_path / "model"), "--images", f"{name}={folder}", "--out",
                 str(tmp_path / "out"))
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and "8 pixels" in ended.stderr
