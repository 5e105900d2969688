"""The suite for a GPU, on a CPU: in the rooms' CPU images, with tiny networks."""

import json

import pytest

from orchestration import gpus
from orchestration.errors import NoDevice
from tests.gpu import suite

FIGURES = {"same_bits": True, "training": {"images_per_second": 25012.3, "share": 0.172},
           "generation": {"same_bits": True, "images_per_second": 1999.6, "share": 0.81}}


@pytest.mark.docker
@pytest.mark.parametrize(("image", "framework"), [
    ("cramergan", "PyTorch"), ("sngan", "Chainer"), ("progan", "TensorFlow"), ("attribution", "TensorFlow")])
def test_every_framework_is_measured(docker_engine, image, framework):
    found = suite.measured(suite.in_docker(image, "cpu", ""), image, "cpu", "small", "float32")
    assert (found["framework"], found["same_bits"], found["generation"]["same_bits"]) == (framework, True, True)
    assert found["memory"] > 1 << 25 and min(found["peak"].values()) > 0
    learning, making = found["training"], found["generation"]
    if image == "attribution":  # forward and both gradients, but that of the images, (16, 16, 3) to 4 maps by 3x3
        assert 3 * making["operations"] - learning["operations"] == 2 * 9 * 3 * 4 * 16 * 16
    else:
        assert learning["operations"] > 3 * making["operations"] > 0
    assert 0 < learning["share"] < 1 and 0 < making["share"] < 1


def test_what_was_asked_for_and_is_not_there_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "none")
    with pytest.raises(NoDevice, match="no GPU here"):
        suite.main(["--results", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_what_is_found_is_kept_under_the_cards_name(tmp_path, monkeypatch):
    """Rooms that answer at once, and a pretended nvidia-smi."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\ncase $1 in *uuid*) echo 0, GPU-a;; *) echo '0, NVIDIA H100 80GB';; esac\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    room = tmp_path / "python"
    room.write_text(f"""#!/bin/sh
case "$*" in *pytest*) echo 9 passed in 1 s;; *) echo '{json.dumps(FIGURES)}'; echo $CUDA_VISIBLE_DEVICES >&2;; esac
""")
    room.chmod(0o755)
    suite.main(["sngan", "mmdgan", "--python", str(room), "--results", str(tmp_path)])
    kept = json.loads((tmp_path / "gpu-NVIDIA-H100-80GB.json").read_text())
    assert kept["card"] == "NVIDIA H100 80GB" and kept["images"]["sngan"] == {
        "parity": {"passed": 9, "failures": []}, "float32": FIGURES}
    assert list(kept["images"]["mmdgan"]) == ["parity", "float32", "tf32", "bfloat16"]


def test_the_goals_are_told_beside_what_was_measured_at_the_published_size():
    looked = {"parity": {"passed": 9, "failures": []}, "tf32": FIGURES}
    assert list(suite.said("attribution", looked, "published")) == [
        "attribution: 9 tests of its numbers pass, 0 fail",
        "attribution training, tf32: 25,012 images/s, 17% of the peak; goal on an H100: 25,000",
        "attribution generation, tf32: 2,000 images/s, 81% of the peak"]
    assert list(suite.said("progan", looked, "published"))[1:] == [
        "progan training, tf32: 25,012 images/s, 17% of the peak",
        "progan generation, tf32: 2,000 images/s, 81% of the peak; goal on an H100: 2,000"]
    assert not any("goal" in line for line in suite.said("progan", looked, "small"))


@pytest.mark.parametrize(("room", "complaints"), [
    ("echo 'FAILED a.py::b - 1e-3 > 1e-5'; echo 1 failed, 8 passed; exit 1", ["sngan: FAILED a.py::b - 1e-3 > 1e-5"]),
    ("echo no module pytest >&2; exit 1", ["sngan: no module pytest"])])
def test_numbers_that_are_not_the_published_ones_are_told(tmp_path, room, complaints):
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{room}\n")
    program.chmod(0o755)
    looked = {"parity": suite.parity(suite.by_python(str(program), "cpu", ""), "sngan")}
    assert list(suite.faults({"sngan": looked})) == complaints


def test_bits_that_differ_are_told():
    looked = {"parity": {"failures": []}, "tf32": dict(FIGURES, same_bits=False), "float32": FIGURES,
              "bfloat16": {"failure": ["error: out of memory"]}}
    assert list(suite.faults({"progan": looked})) == [
        "progan tf32: two runs of training differ", "progan bfloat16: error: out of memory"]
