"""The command lines of the baselines."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from attribution.baselines import eigenface, knn, prnu, settings
from sources.contract import imagesets
from sources.contract.errors import BadInput

ROWS = ("--train", "6", "--validation", "3")
REPOSITORY = Path(__file__).resolve().parents[2]


def call(*words):
    return subprocess.run([sys.executable, "-m", "attribution.baselines", *words], cwd=REPOSITORY,
                          capture_output=True, text=True, check=False)


@pytest.fixture
def sets(tmp_path):
    """Arguments that name two image sets of 12 images."""
    words = []
    for name, value in (("dark", 30), ("bright", 150)):
        images = np.random.RandomState(value).randint(0, 90, (12, 16, 16, 3)) + value
        with imagesets.Writer(str(tmp_path / name), 12, 16) as writer:
            writer.append(images.astype(np.uint8))
            writer.finish("test", {}, {})
        words += ["--images", f"{name}={tmp_path / name}"]
    return words


@pytest.mark.parametrize("name", ["knn", "eigenface", "prnu"])
def test_train_attribute_export(name, sets, tmp_path):
    model, said, opened = (str(tmp_path / folder) for folder in ("model", "said", "open"))
    for words in (["train", *sets, *ROWS, "--out", model],
                  ["attribute", "--model", model, *sets, "--first", "9", "--out", said],
                  ["export", "--model", model, "--out", opened]):
        ended = call(name, *words)
        assert ended.returncode == 0, ended.stderr
    answer = json.loads((tmp_path / "said/attribution.json").read_text())
    assert answer["made_by"]["versions"]["scikit-learn"]
    if name != "prnu":
        assert [row["label"] for row in answer["predictions"]] == ["dark"] * 3 + ["bright"] * 3
    weights = load_file(tmp_path / "open/weights.safetensors")
    also = np.load(tmp_path / "open/weights.npz")
    assert set(weights) == set(also.files)
    for key, value in weights.items():
        np.testing.assert_array_equal(value, also[key])


@pytest.mark.parametrize(("words", "status", "complaint"), [
    ([], 2, "expected one of knn, eigenface, prnu first"),
    (["svm", "check"], 2, "found svm"),
    (["knn", "check", "--device", "cuda"], 3, "device: cpu"),
    (["prnu", "import", "--checkpoint", "x", "--out", "y"], 2, "no checkpoints of PRNU"),
    (["knn", "train", "--images", "a=x", "--train", "1", "--validation", "1", "--out", "y"], 2,
     "x/imageset.json")])
def test_what_is_wrong_is_said_in_one_line(words, status, complaint):
    ended = call(*words)
    assert (ended.returncode, ended.stderr.count("\n")) == (status, 1)
    assert complaint in ended.stderr


def test_one_label_is_not_told_from_itself(sets, tmp_path):
    ended = call("knn", "train", *sets[:2], *ROWS, "--out", str(tmp_path / "m"))
    assert ended.returncode == 2 and "two labels" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(("method", "stated", "complaint"), [
    (knn, {"k": [1, 0]}, "setting k: expected a list of numbers, each 1 or more"),
    (knn, {"k": []}, "setting k: expected a list"),
    (knn, {"k": [1.5]}, "setting k"),
    (knn, {"references": 0}, "setting references: expected 1 or more"),
    (eigenface, {"variance": [1.0]}, "less than 1"),
    (eigenface, {"classifier": "nearest"}, "expected mean or svm, found 'nearest'"),
    (prnu, {"sigma": [0]}, "a number above 0"),
    (prnu, {"cleanup": "none"}, "expected camera or plain"),
    (prnu, {"batch": 0}, "setting batch")])
def test_settings_that_cannot_be(method, stated, complaint, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(stated))
    with pytest.raises(BadInput, match=complaint):
        method.read(str(path))


@pytest.mark.parametrize(("method", "stated"), [(knn, {"k": [2000]}), (prnu, {"levels": [4]})])
def test_what_the_images_do_not_have_is_refused_in_one_line(method, stated, sets, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(stated))
    ended = call(method.NAME.lower(), "train", *sets, *ROWS, "--config", str(path),
                 "--out", str(tmp_path / "m"))
    assert ended.returncode == 2 and next(iter(stated)) in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_the_published_settings_are_allowed():
    for method in (knn, eigenface, prnu):
        assert method.read(None) == method.Settings()
    assert settings.read(knn.Settings, None).k[-1] == 1025
