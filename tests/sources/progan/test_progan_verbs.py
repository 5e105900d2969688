"""The command line: training that is killed and continued, generating, exporting, bad input."""

import json
import signal
import subprocess

import numpy as np
import pytest
from safetensors.numpy import load_file

from sources.contract import models
from sources.progan import generate
from sources.progan.import_ import read
from tests.sources.progan.progan_files import (
    PARITY,
    ROOT,
    TINY,
    call,
    environment,
    parity_case,
    states_of,
    words,
    write_checkpoint,
    write_images,
)

CONFIG = {"fmap_base": 32, "fmap_max": 8, "latent_size": 6, "minibatch": 4, "stable_kimg": 0.2, "fade_kimg": 0.2,
          "total_kimg": 1.6, "checkpoint_every": 20, "preview_every": 200}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The arguments of a short training but --out."""
    folder = tmp_path_factory.mktemp("inputs")
    write_images(folder / "images", 32, 8)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return ["train", "--images", folder / "images", "--config", folder / "config.json", "--seed", "3", "--out"]


@pytest.fixture(scope="module")
def undisturbed(inputs, tmp_path_factory):
    """The folder of a training that nothing disturbed."""
    out = tmp_path_factory.mktemp("undisturbed") / "model"
    status, events, errors = call(*inputs, out, env=environment())
    assert status == 0, errors
    assert events[-1]["event"] == "done" and events[-2]["step"] == 400
    return out


def test_a_training_leaves_a_model_a_curve_and_grids(undisturbed):
    description, weights = models.read(str(undisturbed), "ProGAN")
    assert description["source"] == {"architecture": "ProGAN", "dataset": "made", "subset": None, "seed": 3}
    assert description["settings"]["minibatch"] == 4 and weights["generator_average/lod"] == 0
    assert sorted(path.name for path in (undisturbed / "samples").iterdir()) == [
        "00000000.png", "00000200.png", "00000400.png"]
    curve = json.loads((undisturbed / "training.json").read_text())["curve"]
    assert curve[-1]["step"] == 400 and set(curve[-1]["losses"]) == {"generator", "discriminator"}
    assert not (undisturbed / "checkpoints").exists()


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_killed_training_goes_on_to_the_same_bits(inputs, undisturbed, tmp_path, number, status):
    out = tmp_path / "model"
    with subprocess.Popen(words(*inputs, out), cwd=ROOT, env=environment(), stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                process.send_signal(number)
                break
        process.stdout.read()
    assert process.returncode == status and not (out / "model.json").exists()
    assert call(*inputs, out, env=environment())[0] == 0
    assert (out / "weights.npz").read_bytes() == (undisturbed / "weights.npz").read_bytes()
    assert (out / "samples" / "00000400.png").read_bytes() == (undisturbed / "samples" / "00000400.png").read_bytes()


def test_a_finished_training_is_not_repeated(inputs, undisturbed):
    before = (undisturbed / "model.json").stat().st_mtime_ns
    status, events, _ = call(*inputs, undisturbed)
    assert status == 0 and [event["event"] for event in events] == ["done"]
    assert (undisturbed / "model.json").stat().st_mtime_ns == before


def test_shards_equal_one_long_run(undisturbed, tmp_path):
    for name, arguments in {"whole": ["--count", "40"], "shard": ["--first", "10", "--count", "25"]}.items():
        assert call("generate", "--model", undisturbed, "--out", tmp_path / name, "--seed", "5", *arguments)[0] == 0
    whole, shard = (np.load(tmp_path / name / "images.npy") for name in ("whole", "shard"))
    assert whole.shape == (40, 8, 8, 3)
    np.testing.assert_array_equal(whole[10:35], shard)
    index = json.loads((tmp_path / "whole" / "imageset.json").read_text())
    assert index["source"]["seed"] == 3 and index["source"]["sampling_seed"] == 5


def test_latents_of_the_parity_case_give_the_published_bytes(tmp_path):
    case = parity_case()
    np.save(tmp_path / "z.npy", case.numbers["latents"])
    assert call("import", "--checkpoint", PARITY / "network.pkl", "--out", tmp_path / "model")[0] == 0
    status, _, errors = call("generate", "--model", tmp_path / "model", "--latents", tmp_path / "z.npy",
                             "--out", tmp_path / "images")
    assert status == 0, errors
    difference = np.abs(np.load(tmp_path / "images" / "images.npy").astype(int) - case.numbers["images_uint8"])
    assert difference.max() <= 1 and np.mean(difference > 0) <= 1e-3


@pytest.mark.parametrize("label_size", [0, 4])
def test_generation_uses_the_average_at_the_level_of_the_model(tmp_path, label_size):
    network = TINY._replace(label_size=label_size)
    states = states_of(network)
    states[2]["variables"][0] = ("lod", np.float32(1))
    _, weights = read(str(write_checkpoint(tmp_path / "n.pkl", states)))
    average = {name.split("/", 1)[1]: value for name, value in weights.items() if name.startswith("generator_average/")}
    images_of, _ = generate._compile(network, average, "cpu")
    images = images_of(np.random.RandomState(0).standard_normal((3, 8)).astype(np.float32))
    np.testing.assert_array_equal(images, images[:, ::2, ::2].repeat(2, 1).repeat(2, 2))
    assert images.std() > 0.08


def test_export_writes_the_same_arrays_twice(undisturbed, tmp_path):
    assert call("export", "--model", undisturbed, "--out", tmp_path)[0] == 0
    _, weights = models.read(str(undisturbed), "ProGAN")
    tensors = load_file(tmp_path / "weights.safetensors")
    with np.load(tmp_path / "weights.npz") as arrays:
        assert set(tensors) == set(arrays) == set(weights)
        for name, value in weights.items():
            assert tensors[name].shape == value.shape
            np.testing.assert_array_equal(tensors[name], value)
            np.testing.assert_array_equal(arrays[name], value)


def test_check_names_the_versions():
    status, events, _ = call("check", "--device", "cpu")
    assert status == 0 and events[-1]["device"] == "cpu" and "tensorflow" in events[-1]["versions"]


@pytest.mark.parametrize("config, complaint", [({"fmap_bas": 3}, "did you mean fmap_base"), ({"minibatch": 64}, "64")])
def test_bad_settings_are_one_line(inputs, tmp_path, config, complaint):
    (tmp_path / "config.json").write_text(json.dumps(config))
    arguments = [tmp_path / "config.json" if str(word).endswith("config.json") else word for word in inputs]
    status, _, errors = call(*arguments, tmp_path / "out")
    assert status == 2 and complaint in errors.splitlines()[-1] and "Traceback" not in errors
    assert not (tmp_path / "out" / "model.json").exists()


def test_a_device_that_is_not_there(undisturbed, tmp_path):
    status, _, errors = call("generate", "--model", undisturbed, "--count", "1", "--device", "cuda", "--out", tmp_path,
                             env=dict(environment(), CUDA_VISIBLE_DEVICES=""))
    assert status == 3 and "sees no GPU" in errors.splitlines()[-1] and not list(tmp_path.iterdir())


def test_import_of_no_checkpoint_is_one_line(tmp_path):
    (tmp_path / "page.pkl").write_text("<html>")
    status, events, errors = call("import", "--checkpoint", tmp_path / "page.pkl", "--out", tmp_path / "out")
    assert (status, events, errors.count("\n")) == (2, [], 1) and not (tmp_path / "out").exists()
