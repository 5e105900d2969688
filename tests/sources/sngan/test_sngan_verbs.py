"""The command line: training that is killed and continued, generating, exporting, importing. Python 2.7 and 3."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from sources.contract import arrays, imagesets, models

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
CASE = os.path.join(ROOT, "tests", "fixtures", "parity", "sngan-128-ch4")
CONFIG = {"width": 2, "latent_size": 6, "minibatch": 4, "iterations": 30, "discriminator_steps": 2,
          "checkpoint_every": 7, "preview_every": 10}


def popen(*arguments):
    """A verb that runs."""
    return subprocess.Popen([sys.executable, "-m", "sources.sngan"] + [str(word) for word in arguments], cwd=ROOT,
                            env=dict(os.environ, OMP_NUM_THREADS="1"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def call(*arguments):
    """(exit status, events, standard error) of a verb."""
    process = popen(*arguments)
    out, errors = process.communicate()
    return process.returncode, [json.loads(line) for line in out.decode().splitlines()], errors.decode()


@pytest.fixture(scope="module")
def inputs(tmpdir_factory):
    """The arguments of a short training but --out."""
    folder = tmpdir_factory.mktemp("inputs")
    images = np.random.RandomState(0).randint(0, 256, (12, 32, 32, 3)).astype(np.uint8)
    with imagesets.Writer(str(folder.join("images")), 12, 32) as writer:
        writer.append(images)
        writer.finish("", {"dataset": "made"}, {"versions": {}})
    folder.join("config.json").write(json.dumps(CONFIG))
    return ["train", "--images", folder.join("images"), "--config", folder.join("config.json"), "--seed", "3", "--out"]


@pytest.fixture(scope="module")
def trained(inputs, tmpdir_factory):
    """The folder of a training that nothing disturbed."""
    out = tmpdir_factory.mktemp("trained").join("model")
    status, events, errors = call(*(inputs + [out]))
    assert status == 0, errors
    assert events[-1]["event"] == "done"
    return out


def test_a_training_leaves_a_model_a_curve_and_grids(trained):
    description, weights = models.read(str(trained), "SNGAN")
    assert description["source"]["dataset"] == "made" and description["settings"]["decay_from"] == 24
    assert weights["generator/l5/W"].shape == (3, 2, 3, 3) and weights["discriminator/block1/c1/u"].shape == (1, 2)
    assert len(trained.join("samples").listdir()) == 4 and not trained.join("checkpoints").check()
    curve = json.loads(trained.join("training.json").read())["curve"]
    assert len(curve) == 30 and set(curve[-1]["losses"]) == set(["generator", "discriminator"])


@pytest.mark.parametrize("number,status", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_killed_training_goes_on_to_the_same_bits(trained, inputs, tmpdir, number, status):
    out = tmpdir.join("model")
    process = popen(*(inputs + [out]))
    for line in iter(process.stdout.readline, b""):
        if json.loads(line.decode())["event"] == "progress":
            process.send_signal(number)
            break
    process.communicate()
    assert process.returncode == status and not out.join("model.json").check()
    status, _, errors = call(*(inputs + [out]))
    assert status == 0, errors
    assert out.join("weights.npz").read_binary() == trained.join("weights.npz").read_binary()


def test_a_subset_of_the_whole_gives_the_weights_of_the_whole(trained, inputs, tmpdir):
    for subset, same in (("12+0", True), ("5+7", True), ("5+6", False)):
        out = tmpdir.join(subset)
        assert call(*(inputs + [out, "--subset", subset]))[0] == 0
        weights = [folder.join("weights.npz").read_binary() for folder in (out, trained)]
        assert (weights[0] == weights[1]) == same


def images_of(model, out, *arguments):
    """The images that a model makes."""
    status, _, errors = call("generate", "--model", model, "--out", out, *arguments)
    assert status == 0, errors
    return np.array(imagesets.read(str(out)).images)


def test_shards_equal_one_long_run_and_a_seed_its_latents(trained, tmpdir):
    whole = images_of(trained, tmpdir.join("whole"), "--count", 20, "--seed", 5)
    shard = images_of(trained, tmpdir.join("shard"), "--first", 13, "--count", 6, "--seed", 5)
    np.testing.assert_array_equal(shard, whole[13:19])
    np.save(str(tmpdir.join("z.npy")), np.random.RandomState(5).randn(16, 6).astype(np.float32))
    latents = images_of(trained, tmpdir.join("z"), "--latents", tmpdir.join("z.npy"))
    np.testing.assert_array_equal(latents, whole[:16])


def test_a_published_snapshot_generates_its_images(tmpdir):
    stored = arrays.load(os.path.join(CASE, "io.npz"))
    model = tmpdir.join("model")
    assert call("import", "--checkpoint", os.path.join(CASE, "generator.npz"), "--out", model)[0] == 0
    np.save(str(tmpdir.join("z.npy")), stored["z"])
    difference = np.abs(images_of(model, tmpdir.join("out"), "--latents", tmpdir.join("z.npy")).astype(int)
                        - stored["images_uint8"])
    assert difference.max() <= 1 and np.count_nonzero(difference) <= 1e-3 * difference.size


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_what_is_imported_is_exported_to_the_bit(tmpdir, name):
    original = os.path.join(CASE, name + ".npz")
    assert call("import", "--checkpoint", original, "--out", tmpdir.join("model"))[0] == 0
    assert call("export", "--model", tmpdir.join("model"), "--out", tmpdir.join("out"))[0] == 0
    before, after = arrays.load(original), arrays.load(str(tmpdir.join("out", name + ".npz")))
    assert sorted(before) == sorted(after)
    for key, value in before.items():
        assert after[key].dtype == value.dtype
        np.testing.assert_array_equal(after[key], value)


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_a_snapshot_of_another_resolution_is_one_line_and_writes_nothing(tmpdir, name):
    words = ["import", "--checkpoint", os.path.join(CASE, name + ".npz"), "--resolution"]
    status, _, errors = call(*(words + [64, "--out", tmpdir.join("out")]))
    assert (status, errors.count("\n")) == (2, 1) and not tmpdir.join("out").check()
    assert "is for images of 128 pixels, the study has 64" in errors
    assert call(*(words + [128, "--out", tmpdir.join("out")]))[0] == 0


def test_a_trainers_snapshot_holds_both(tmpdir):
    both = dict(("updater/model:opt_%s/%s" % (short, key), value) for short, name in (
        ("gen", "generator"), ("dis", "discriminator"))
        for key, value in arrays.load(os.path.join(CASE, name + ".npz")).items())
    path = str(tmpdir.join("snapshot_iter_1"))
    with open(path, "wb") as stream:
        np.savez_compressed(stream, **dict(both, **{"extensions/LinearShift/_last_value": np.array(None)}))
    assert call("import", "--checkpoint", path, "--out", tmpdir.join("model"))[0] == 0
    description, weights = models.read(str(tmpdir.join("model")), "SNGAN")
    assert description["resolution"] == 128 and description["settings"]["width"] == 4
    assert len(weights) == len(both)


def test_a_discriminator_alone_makes_no_images(tmpdir):
    model = tmpdir.join("model")
    assert call("import", "--checkpoint", os.path.join(CASE, "discriminator.npz"), "--out", model)[0] == 0
    status, _, errors = call("generate", "--model", model, "--out", tmpdir.join("out"), "--count", 1)
    assert status == 2 and "discriminator alone" in errors and errors.count("\n") == 1


@pytest.mark.parametrize("change,said", [
    (lambda values: values.pop("l7/b"), "l7/b is missing"),
    (lambda values: values.update(new=np.zeros(1)), "'new' belongs to no network"),
    (lambda values: values.update({"l7/b": np.zeros(4, "f")}), "where float32 (3,) is expected"),
    (lambda values: values.update({"l7/b": np.full(3, np.nan, "f")}), "not finite"),
    (lambda values: values.pop("block6/c1/W"), "b6/gamma is missing"),
    (lambda values: values.pop("l1/W"), "no snapshot of SNGAN")])
def test_snapshots_that_are_not_whole_are_one_line_and_write_nothing(tmpdir, change, said):
    values = arrays.load(os.path.join(CASE, "generator.npz"))
    change(values)
    path, out = str(tmpdir.join("wrong.npz")), tmpdir.join("out")
    arrays.save(path, values)
    status, _, errors = call("import", "--checkpoint", path, "--out", out)
    assert status == 2 and errors.count("\n") == 1 and not out.check()
    assert said in errors


@pytest.mark.parametrize("change,said", [
    ({"widht": 2}, "did you mean width?"), ({"classes": 2}, "0 or 1"), ({"iterations": 0}, "1 or more")])
def test_settings_that_make_no_sense_are_one_line(inputs, tmpdir, change, said):
    tmpdir.join("config.json").write(json.dumps(dict(CONFIG, **change)))
    words = [tmpdir.join("config.json") if str(word).endswith("config.json") else word for word in inputs]
    status, _, errors = call(*(words + [tmpdir.join("out")]))
    assert status == 2 and errors.count("\n") == 1 and said in errors


def test_the_settings_say_that_float32_is_the_one_precision():
    process = popen("settings")
    told = json.loads(process.communicate()[0].decode())["train"]["properties"]["precision"]
    assert told["enum"] == ["float32"] and told["default"] == "float32" and "framework" in told["description"]


def test_a_gpu_that_is_not_there_is_one_line():
    status, events, errors = call("check", "--device", "cuda")
    assert (status, events, errors.count("\n")) == (3, [], 1) and "CuPy finds no GPU" in errors
