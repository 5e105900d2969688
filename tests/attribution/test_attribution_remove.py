"""The verb remove: images that stay near what they were, and are attributed to others."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from attribution import copies, layers, removal
from attribution.attribute import attribute
from attribution.remove import Settings, remove
from sources.contract import imagesets, models
from sources.contract.errors import BadInput, Stopped
from tests.attribution import parity
from tests.attribution.conftest import write_set

COUNT = 150  # more than two blocks
QUICK = {"steps": 3, "step_size": 0.5}


@pytest.fixture
def original(tmp_path):
    """The folder of an image set of 32 pixels, with values at both ends."""
    images = np.random.RandomState(1).randint(-40, 296, (COUNT, 32, 32, 3)).clip(0, 255)
    return write_set(tmp_path / "original", images.astype(np.uint8))


@pytest.fixture
def attack(tmp_path, original):
    """Attack a published checkpoint with that set; returns the ImageSet written."""
    def call(name, label=None, first=0, count=None, seed=3, model="classifier-32", **settings):
        if not (tmp_path / model).exists():
            parity.load(model, tmp_path / model)
        labels = models.read(str(tmp_path / model), "classifier", "visnet")[0]["labels"]
        config = tmp_path / f"{name}.json"
        config.write_text(json.dumps({**QUICK, **settings}))
        remove(SimpleNamespace(model=str(tmp_path / model), images=(label or labels[0], original),
                               config=str(config), first=first, count=count, seed=seed,
                               device="cpu", out=str(tmp_path / name)))
        return imagesets.read(str(tmp_path / name))
    return call


class Linear:
    """Scores that are linear in the images. weights: (R, R, 3, labels)."""

    def __init__(self, weights):
        self.labels, self._weights = weights.shape[-1], np.float32(weights)

    def graph(self, images):
        return {"scores": tf.tensordot(layers.to_float(images), self._weights, 3)}


@pytest.mark.parametrize("label", [0, 1])
def test_a_linear_model_is_fooled_as_far_as_the_ball_allows(label):
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (5, 4, 4, 3)).astype(np.uint8)
    weights = random.standard_normal((4, 4, 3, 2))
    found = removal.Removal(Linear(weights), label, Settings(3), seed=0).changed(images, 0)
    away = np.sign(weights[..., 1 - label] - weights[..., label])
    assert np.array_equal(found, np.clip(images + 3 * away, 0, 255))


def test_where_there_is_no_gradient_the_random_start_stays():
    images = np.full((4, 8, 8, 3), 100, np.uint8)
    still = removal.Removal(Linear(np.zeros((8, 8, 3, 2))), 0, Settings(2), seed=0)
    start = removal.Removal(Linear(np.ones((8, 8, 3, 2))), 0, Settings(2, steps=0), seed=0)
    found = still.changed(images, 10)
    assert np.array_equal(found, start.changed(images, 10))
    assert set(np.unique(found)) == {98, 99, 100, 101, 102}
    assert not np.array_equal(found, still.changed(images, 11))


@pytest.mark.parametrize("epsilon", [1, 4])
@pytest.mark.parametrize("steps", [0, 3])
def test_no_value_leaves_the_ball(attack, original, epsilon, steps):
    before = imagesets.read(original).images.astype(int)
    after = attack("attacked", epsilon=epsilon, steps=steps).images
    assert np.abs(after - before).max() == epsilon
    assert (after != before).mean() > 0.4


def test_epsilon_zero_gives_the_same_images(attack, original):
    assert attack("same", epsilon=0).index["sha256"] == imagesets.read(original).index["sha256"]


@pytest.mark.parametrize("model", ["classifier-32", "visnet-32"])
def test_the_score_of_the_true_source_falls_more_than_by_chance(attack, tmp_path, original, model):
    attack("attacked", epsilon=2, count=64, model=model)
    attack("random", epsilon=2, count=64, steps=0, model=model)
    sets = [(name, str(tmp_path / name)) for name in ("attacked", "random")]
    attribute(SimpleNamespace(model=str(tmp_path / model), images=[*sets, ("clean", original)],
                              first=0, count=64, device="cpu", fingerprints=False,
                              out=str(tmp_path / "said")))
    scores = np.load(tmp_path / "said/scores.npy").reshape(3, 64, -1)
    margin = scores[..., 0] - scores[..., 1:].max(axis=-1)
    attacked, random = margin[:2] - margin[2]
    assert (attacked < 0).all() and attacked.mean() < 5 * -abs(random.mean())


def test_some_rows_are_those_of_the_whole(attack):
    whole = attack("whole").images
    assert np.array_equal(attack("part", first=64, count=40).images, whole[64:104])
    assert not np.array_equal(attack("seed", count=1, seed=4).images, whole[:1])


def test_a_stopped_run_goes_on_where_it_was(attack, monkeypatch, tmp_path):
    whole, numbers, real = attack("undisturbed"), [], removal.Removal.changed

    def stopping(self, images, number):
        numbers.append(number)
        if numbers == [0, 64]:
            raise Stopped("here")
        return real(self, images, number)
    monkeypatch.setattr(removal.Removal, "changed", stopping)
    with pytest.raises(Stopped):
        attack("stopped")
    with open(tmp_path / "stopped/images.npy.partial", "ab") as stream:  # half a block, as a kill leaves
        stream.write(b"0" * 32 * 32 * 3 * 30)
    assert attack("stopped").index["sha256"] == whole.index["sha256"]
    assert numbers == [0, 64, 64, 128] and copies.BLOCK == 64


def test_the_index_says_what_was_done(attack, original, tmp_path):
    index = attack("attacked", first=5, count=2, epsilon=1).index
    description, _ = models.read(str(tmp_path / "classifier-32"), "classifier")
    assert index["source"]["architecture"] == "original"
    assert index["source"]["removal"] == {
        "settings": {"epsilon": 1, **QUICK}, "seed": 3, "first": 5, "label": description["labels"][0],
        "model_sha256": description["weights_sha256"], "sha256": imagesets.read(original).index["sha256"]}
    assert index["value_range"] == "changed by 1 steps at most, then rounded; before: test"
    assert "tensorflow" in index["made_by"]["versions"]


@pytest.mark.parametrize("changes, words", [
    ({"label": "StyleGAN"}, "StyleGAN: the model in .* does not know this label; it has "),
    ({"epsilon": 256}, "epsilon: expected 0 or more and less than 256"),
    ({"epsilon": 0.5}, "epsilon: expected a value like 2"),
    ({"step_size": -1.0}, "step_size"), ({"first": COUNT}, "has 150 images, 151 are needed"),
    ({"model": "classifier-64"}, "32 pixels, but the model in .* takes 64")])
def test_what_it_refuses(attack, tmp_path, changes, words):
    if "model" in changes:
        models.write(str(tmp_path / "classifier-64"), "classifier", {}, resolution=64, labels=["a"])
    with pytest.raises(BadInput, match=words):
        attack("refused", **changes)
    assert not (tmp_path / "refused").exists()
