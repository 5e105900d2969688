"""Training: what it is fed with, that it learns, that a stopped run gives the bits of an undisturbed one."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from attribution import device, feeding, trainers
from attribution.attribute import attribute
from attribution.settings import PUBLISHED
from attribution.train import train
from sources.contract import models
from sources.contract.errors import BadInput, Stopped
from sources.contract.training import Training
from tests.attribution import parity

TINY = {"fmap_base": 16, "fmap_max": 8, "minibatch": 8, "images": 48, "validate_every": 2,
        "checkpoint_every": 2}


@pytest.fixture
def run(tmp_path, image_sets):
    """Train on the three sets with what differs from TINY; returns the folder of the model."""
    def call(name, sets=None, seed=0, count=16, start=None, **differences):
        config = tmp_path / f"{name}.json"
        config.write_text(json.dumps(TINY | differences))
        train(SimpleNamespace(images=sets or image_sets, train=count, validation=8, seed=seed,
                              config=str(config), start=start and str(start), out=str(tmp_path / name),
                              device="cpu"))
        return tmp_path / name
    return call


def bits(folder):
    return [(folder / name).read_bytes() for name in ("weights.npz", "training.json", "model.json")]


def test_batches_are_balanced_and_use_every_image_once_an_epoch():
    classes = [np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1) + 10 * label for label in range(3)]
    batches = feeding.BalancedBatches(classes, 9, seed=1, mirror=False)
    seen = [batches[0], batches[1]]
    values = np.concatenate([images.ravel() for images, _ in seen])
    labels = np.concatenate([labels for _, labels in seen])
    assert np.bincount(seen[0][1]).tolist() == [3, 3, 3]
    assert (values // 10 == labels).all()
    assert sorted(values) == sorted(np.concatenate(classes).ravel())


def test_half_of_the_images_are_mirrored():
    ramp = np.tile(np.arange(4, dtype=np.uint8)[None, None, :, None], (50, 4, 1, 3))
    images, _ = feeding.BalancedBatches([ramp, ramp], 400, seed=3, mirror=True)[0]
    flipped = (images == ramp[0, :, ::-1]).all(axis=(1, 2, 3))
    assert ((images == ramp[0]).all(axis=(1, 2, 3)) ^ flipped).all()
    assert 160 < flipped.sum() < 240


@pytest.mark.parametrize("network", ["classifier", "visnet"])
def test_batches_that_were_brought_to_the_device_give_the_same_bits(network):
    tiny = {name: value for name, value in TINY.items() if name != "images"}
    settings = PUBLISHED[network]._replace(**tiny)
    plain, brought = (trainers.new(settings, 8, 0, "cpu", 2) for _ in range(2))
    parts = np.random.RandomState(0).randint(0, 256, (2, 20, 8, 8, 3)).astype(np.uint8)
    batch = feeding.BalancedBatches(parts, settings.batch, 0, True)[0]
    assert plain.step(0, [batch]) == brought.step(0, [brought.bring(batch)])
    for name, value in plain.weights().items():
        np.testing.assert_array_equal(brought.weights()[name], value)


@pytest.mark.parametrize("cores", ["2", "3", "32"])
def test_cores_with_images_of_their_own_teach_what_one_teaches(cores, monkeypatch):
    tiny = {name: value for name, value in TINY.items() if name != "images"}
    settings, random = PUBLISHED["classifier"]._replace(**tiny), np.random.RandomState(0)
    batch = (random.randint(0, 256, (settings.batch, 8, 8, 3)).astype(np.uint8), np.arange(settings.batch) % 2)
    trained = {}
    for number in ("1", cores):
        monkeypatch.setenv("OMP_NUM_THREADS", number)
        trained[number] = trainers.new(settings, 8, 0, "cpu", 2)
        trained[number].loss = trained[number].step(0, [batch])["loss"]
    one, many = trained["1"], trained[cores]
    parity.assert_near(many.loss, one.loss, relative=1e-6)
    parity.assert_near(many.logits(batch[0]), one.logits(batch[0]), absolute=1e-4)
    for name, value in one.state().items():
        if "/m/" in name:  # what Adam makes of the gradients
            parity.assert_near_by_norm(many.state()[name], value, 1e-5, name)


def test_blocks_cover_all_images_and_are_whole():
    images = np.arange(feeding.BLOCK + 3, dtype=np.uint8).reshape(-1, 1, 1, 1)
    found = list(feeding.blocks(images))
    assert [block.shape[0] for block, _ in found] == [feeding.BLOCK] * 2
    np.testing.assert_array_equal(np.concatenate([block[:count] for block, count in found]), images)


def test_classifier_learns(run, image_sets, tmp_path):
    model = run("model", images=800, minibatch=16, learning_rate=0.01, beta1=0.9)
    description, _ = models.read(str(model), "classifier")
    assert description["labels"] == ["dark", "bright", "striped"] and description["resolution"] == 8
    curve = json.loads((model / "training.json").read_text())["curve"]
    assert curve[-1]["step"] == 50 and curve[-1]["losses"]["validation_accuracy"] == 1
    assert not (model / "checkpoints").exists()
    attribute(SimpleNamespace(model=str(model), images=image_sets[::-1], first=16, count=8,
                              out=str(tmp_path / "said"), device="cpu", fingerprints=False))
    said = json.loads((tmp_path / "said" / "attribution.json").read_text())["predictions"]
    assert [row["label"] for row in said] == ["striped"] * 8 + ["bright"] * 8 + ["dark"] * 8


@pytest.mark.parametrize("network", [
    {"latent_res": 8, "head_width": 16}, {"latent_res": 4}])
def test_patches_are_learnt_from(run, image_sets, tmp_path, network):
    model = run("model", images=800, minibatch=16, learning_rate=0.01, beta1=0.9, **network)
    curve = json.loads((model / "training.json").read_text())["curve"]
    assert curve[-1]["losses"]["validation_accuracy"] == 1
    attribute(SimpleNamespace(model=str(model), images=image_sets, first=16, count=8,
                              out=str(tmp_path / "said"), device="cpu", fingerprints=False))
    scores, maps = (np.load(tmp_path / "said" / name) for name in ("scores.npy", "maps.npy"))
    assert maps.shape == (24, 3, network["latent_res"], network["latent_res"])
    np.testing.assert_allclose(maps.mean(axis=(2, 3)), scores, atol=1e-5)


def test_a_band_tells_stripes_and_not_brightness(run, image_sets, tmp_path):
    model = run("model", images=800, minibatch=16, learning_rate=0.01, beta1=0.9,
                mode="predownscale_residual", switching_res=8)
    attribute(SimpleNamespace(model=str(model), images=image_sets, first=16, count=8,
                              out=str(tmp_path / "said"), device="cpu", fingerprints=False))
    said = json.loads((tmp_path / "said" / "attribution.json").read_text())["predictions"]
    assert [row["label"] == "striped" for row in said] == [False] * 16 + [True] * 8
    assert {row["probability"] > 0.99 for row in said[:16]} == {False}


def test_visnet_learns(run):
    model = run("model", network="visnet", images=640, minibatch=16, learning_rate=0.01, moving_average=0.9)
    curve = [point["losses"] for point in json.loads((model / "training.json").read_text())["curve"]]
    assert curve[-1]["validation_accuracy"] > 0.5 and curve[-1]["reconstruction"] < 0.7 * curve[0]["reconstruction"]


def test_an_average_of_the_weights_is_used_if_asked_for():
    tiny = {name: value for name, value in TINY.items() if name != "images"}
    settings, random = PUBLISHED["classifier"]._replace(**tiny), np.random.RandomState(0)
    plain, averaged = (trainers.new(settings._replace(moving_average=decay), 8, 0, "cpu", 2) for decay in (0, 0.75))
    expected = averaged.weights()
    for number in range(3):
        batch = random.randint(0, 256, (settings.batch, 8, 8, 3)).astype(np.uint8), np.arange(settings.batch) % 2
        assert averaged.step(number, {number: batch}) == plain.step(number, {number: batch})
        expected = {name: 0.25 * value + 0.75 * expected[name] for name, value in plain.weights().items()}
    for name, value in averaged.weights().items():
        np.testing.assert_allclose(value, expected[name], atol=1e-6)
    of_average, of_last = (trainer.logits(batch[0]).numpy() for trainer in (averaged, plain))
    assert np.abs(of_average - of_last).max() > 1e-3
    plain.begin(averaged.weights())
    np.testing.assert_allclose(plain.logits(batch[0]), of_average, atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"moving_average": 0.5}, {"network": "visnet"}])
def test_a_killed_run_gives_the_bits_of_an_undisturbed_one(run, monkeypatch, settings):
    undisturbed = bits(run("undisturbed", **settings))
    record = Training.record

    def die_once(self, step, images, losses):
        if step == 3:
            monkeypatch.setattr(Training, "record", record)
            raise Stopped("here")
        record(self, step, images, losses)
    monkeypatch.setattr(Training, "record", die_once)
    with pytest.raises(Stopped):
        run("killed", **settings)
    assert bits(run("killed", **settings)) == undisturbed


@pytest.mark.parametrize("network", ["classifier", "visnet"])
def test_a_training_goes_on_from_a_model(run, network):
    """With steps of next to nothing, what it ends with is what it began with."""
    begun = run("begun", network=network)
    on = run("on", network=network, start=begun, seed=5, learning_rate=1e-12)
    description, weights = models.read(str(on), network)
    for name, value in models.read(str(begun), network)[1].items():
        np.testing.assert_allclose(weights[name], value, atol=1e-3)
    assert description["training"]["start"] == models.read(str(begun), network)[0]["weights_sha256"]


def test_finetuning_begins_with_what_was_learnt(run):
    model = run("model", images=800, minibatch=16, learning_rate=0.01, beta1=0.9)
    def first(name, **more):
        curve = json.loads((run(name, images=8, **more) / "training.json").read_text())["curve"]
        return curve[0]["losses"]["loss"]
    assert first("finetuned", start=model) < 0.3 * first("fresh")


def test_a_killed_finetuning_gives_the_bits_of_an_undisturbed_one(run, monkeypatch):
    model = run("model")
    undisturbed = bits(run("undisturbed", start=model))
    with monkeypatch.context() as patch:
        record = Training.record

        def die(self, step, images, losses):
            if step == 3:
                raise Stopped("here")
            record(self, step, images, losses)
        patch.setattr(Training, "record", die)
        with pytest.raises(Stopped):
            run("killed", start=model)
    with pytest.raises(BadInput, match="the checkpoint of another training"):
        run("killed")
    assert bits(run("killed", start=model)) == undisturbed


def test_models_that_cannot_be_gone_on_from(run, image_sets):
    model = run("model")
    for words, more in (("knows the labels dark, bright, striped", {"sets": image_sets[::-1]}),
                        ("knows the labels", {"sets": image_sets[:2]}),
                        ("its layers are not those of these settings", {"fmap_max": 4}),
                        ("a classifier, where visnet is expected", {"network": "visnet"})):
        with pytest.raises(BadInput, match=words):
            run("refused", start=model, **more)
    with pytest.raises(BadInput, match="no model here"):
        run("refused", start=model / "nothing")
    assert not (model.parent / "refused").exists()


def test_another_seed_gives_other_weights(run):
    assert bits(run("one")) != bits(run("other", seed=1))


def test_a_finished_training_is_not_repeated(run):
    weights = run("model") / "weights.npz"
    before = weights.stat().st_mtime_ns
    run("model")
    assert weights.stat().st_mtime_ns == before


def test_bfloat16_stays_near_float32(run):
    exact, _ = models.read(str(run("exact")), "classifier")
    rough, weights = models.read(str(run("rough", precision="bfloat16")), "classifier")
    assert rough["settings"]["precision"] == "bfloat16" and exact["weights_sha256"] != rough["weights_sha256"]
    assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in weights.values())


@pytest.mark.parametrize("precision, allowed", [("float32", False), ("tf32", True), ("bfloat16", False)])
def test_tf32_is_used_where_it_is_asked_for_alone(precision, allowed):
    """TensorFlow would use it unasked."""
    tf.config.experimental.enable_tensor_float_32_execution(not allowed)
    device.choose("cpu", precision)
    assert tf.config.experimental.tensor_float_32_execution_enabled() == allowed
    device.choose("cpu")


def test_sets_that_cannot_be_trained_on(run, image_sets):
    with pytest.raises(BadInput, match="dark: has 24 images, 40 are needed"):
        run("short", count=32)
    with pytest.raises(BadInput, match="given twice"):
        run("twice", sets=[image_sets[0], image_sets[0]])
    with pytest.raises(BadInput, match="imageset.json"):
        run("missing", sets=[("dark", str(Path(image_sets[0][1]) / "nothing"))])


def test_a_classifier_knows_what_it_does_not_know(run, image_sets, tmp_path):
    """Trained on dark and bright images, it passes others of them and none of the striped ones."""
    model = run("model", sets=image_sets[:2], images=800, minibatch=16, learning_rate=0.01, beta1=0.9)
    said = answer(model, image_sets, tmp_path / "said")
    known = np.reshape([row["known"] for row in said["predictions"]], (3, 8))
    assert known[:2].mean() > 0.7 and not known[2].any()
    unknown = models.read(str(model), "classifier")[0]["unknown"]
    assert unknown["kept"] == 0.95 and unknown["threshold"] < 0


def test_the_threshold_comes_from_validation_images(run, image_sets, tmp_path):
    """Of the images that it is made from it lets pass the share that it says, to an image."""
    model = run("model")
    known = [row["known"] for row in answer(model, image_sets, tmp_path / "said")["predictions"]]
    assert sum(known) == 23  # of 24: 95 % and no fewer


def test_what_has_no_threshold_says_nothing_of_unknown_sources(run, image_sets, tmp_path):
    said = answer(run("visnet", network="visnet"), image_sets, tmp_path / "said")
    assert {tuple(row) for row in said["predictions"]} == {("label", "probability")}


def answer(model, sets, out):
    """What a model says of the rows behind those it was trained on."""
    attribute(SimpleNamespace(model=str(model), images=sets, first=16, count=8, out=str(out), device="cpu",
                              fingerprints=False))
    return json.loads((out / "attribution.json").read_text())
