"""The command line: training that is killed and continued, generating, exporting, bad input."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sources.contract import imagesets, models

ROOT = Path(__file__).resolve().parents[3]
CONFIG = {"generator_width": 2, "discriminator_width": 2, "features": 4, "minibatch": 4, "latent_size": 5, "rounds": 40,
          "discriminator_steps": 1, "first_discriminator_steps": 2, "checkpoint_every": 7, "preview_every": 20}


def words(door, *arguments):
    """The command line of a verb."""
    return [sys.executable, "-m", "sources.cramer_mmd", door, *map(str, arguments)]


def call(door, *arguments):
    """(exit status, events, standard error) of a verb."""
    done = subprocess.run(words(door, *arguments), cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The arguments of a short training but --out."""
    folder = tmp_path_factory.mktemp("inputs")
    images = np.random.RandomState(0).randint(0, 256, (12, 32, 32, 3)).astype(np.uint8)
    with imagesets.Writer(str(folder / "images"), 12, 32) as writer:
        writer.append(images)
        writer.finish("", {"dataset": "made"}, {"versions": {}})
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return ["train", "--images", folder / "images", "--config", folder / "config.json", "--seed", "3", "--out"]


@pytest.fixture(scope="module", params=["cramergan", "mmdgan"])
def trained(request, inputs, tmp_path_factory):
    """(door, folder of a training that nothing disturbed)."""
    out = tmp_path_factory.mktemp("trained") / "model"
    status, events, errors = call(request.param, *inputs, out)
    assert status == 0, errors
    assert events[-1]["event"] == "done"
    return request.param, out


def test_a_training_leaves_a_model_a_curve_and_grids(trained):
    door, out = trained
    description, weights = models.read(str(out), {"cramergan": "CramerGAN", "mmdgan": "MMDGAN"}[door])
    assert description["source"]["dataset"] == "made" and description["source"]["seed"] == 3
    assert description["block"] == 4 and weights["generator/g_h5/w"].shape == (5, 5, 3, 2)
    assert len(list((out / "samples").iterdir())) == 3 and not (out / "checkpoints").exists()
    curve = json.loads((out / "training.json").read_text())["curve"]
    assert len(curve) == 40 and set(curve[-1]["losses"]) == {"generator", "discriminator"}


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_killed_training_goes_on_to_the_same_bits(trained, inputs, tmp_path, number, status):
    door, undisturbed = trained
    out = tmp_path / "model"
    with subprocess.Popen(words(door, *inputs, out), cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"},
                          stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                process.send_signal(number)
                break
        process.stdout.read()
    assert process.returncode == status and not (out / "model.json").exists()
    assert call(door, *inputs, out)[0] == 0
    assert (out / "weights.npz").read_bytes() == (undisturbed / "weights.npz").read_bytes()


def images_of(door, model, out, *arguments):
    """The images that a model makes."""
    status, _, errors = call(door, "generate", "--model", model, "--out", out, *arguments)
    assert status == 0, errors
    return np.array(imagesets.read(str(out)).images)


def test_shards_equal_one_long_run_and_a_seed_its_latents(trained, tmp_path):
    door, model = trained
    whole = images_of(door, model, tmp_path / "whole", "--count", 10, "--seed", 5)
    shard = images_of(door, model, tmp_path / "shard", "--first", 3, "--count", 4, "--seed", 5)
    np.testing.assert_array_equal(shard, whole[3:7])
    np.save(tmp_path / "z.npy", np.random.RandomState(5).uniform(-1, 1, (8, 5)).astype(np.float32))
    np.testing.assert_array_equal(images_of(door, model, tmp_path / "z", "--latents", tmp_path / "z.npy"), whole[:8])


def test_published_bytes_are_stretched_and_rounded_ones_are_not(trained, tmp_path):
    door, model = trained
    stretched = images_of(door, model, tmp_path / "a", "--count", 4)
    assert (stretched.min((1, 2, 3)) == 0).all() and (stretched.max((1, 2, 3)) == 255).all()
    assert images_of(door, model, tmp_path / "b", "--count", 4, "--quantize", "round").max() < 255


def test_exported_weights_have_the_published_names(trained, tmp_path):
    door, model = trained
    assert call(door, "export", "--model", model, "--out", tmp_path)[0] == 0
    exported = load_file(tmp_path / "weights.safetensors")
    assert exported["generator/g_res1.Conv1/g_res1.Conv1.Filters"].shape == (3, 3, 32, 16)
    assert sorted(exported) == sorted(np.load(tmp_path / "weights.npz").files)


@pytest.mark.parametrize("change, said", [
    ({"rouds": 1}, "did you mean rounds?"), ({"minibatch": 1}, "minibatch: expected 2 or more"),
    ({"rounds": 0}, "expected 1 or more"), ({"learning_rate": float("nan")}, "expected 0 or more"),
    ({"beta1": 1}, "less than 1"), ({"minibatch": 13}, "the set has 12")])
def test_settings_that_make_no_sense_are_one_line(inputs, tmp_path, change, said):
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, **change}))
    arguments = [tmp_path / "config.json" if str(word).endswith("config.json") else word for word in inputs]
    status, _, errors = call("cramergan", *arguments, tmp_path / "out")
    assert status == 2 and errors.count("\n") == 1 and said in errors


def test_a_gpu_that_is_not_there_is_one_line_and_status_3(trained, tmp_path):
    door, model = trained
    status, _, errors = call(door, "generate", "--model", model, "--out", tmp_path, "--count", 1, "--device", "cuda")
    if status == 0:
        pytest.skip("this machine has a GPU")
    assert status == 3 and errors.count("\n") == 1 and "sees no GPU" in errors
