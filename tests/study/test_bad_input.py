"""Bad input, each answered by one clear line and the right exit status: before any container starts where possible."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from orchestration.engines.docker_engine import DockerEngine
from orchestration.errors import StageFailed
from orchestration.repository import REPOSITORY
from orchestration.store import Store
from tests.study import eigenimages_study
from tests.study.shell_study import run

MANIFEST = """
study: bad
resolution: 32
device: cpu
dataset: {kind: photos}
images: {gan: 100, train: 10, validation: 10, test: 10}
sources: {A: {image: progan}}
"""


@pytest.fixture
def answer(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """The exit status and the one line with which a run of a manifest is refused; its store stays empty."""

    def run_manifest(text: str, *words: str) -> tuple[int, str]:
        manifest, store = tmp_path / "bad.yaml", tmp_path / "store"
        manifest.write_text(text)
        command = [sys.executable, "orchestrate.py", "run", str(manifest), "--store", str(store), *words]
        told = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
        assert not list(store.glob("*.partial")) and not list(store.glob("*/stage.json"))
        (line,) = told.stderr.splitlines()
        return told.returncode, line

    return run_manifest


def test_a_missing_data_set(answer: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    archive = tmp_path / "img_align_celeba.zip"
    status, line = answer(MANIFEST.replace("{kind: photos}", f"{{kind: celeba, archive: {archive}}}"))
    assert status == 2
    assert line.startswith(f"error: {archive}: is not there; download img_align_celeba.zip")
    assert line.endswith(f"and put it at {archive}")


@pytest.mark.parametrize(("content", "said"), [
    (b"<!DOCTYPE html><title>Quota exceeded</title>", "is a web page in place of the file"),
    (b"PK\x03\x04" + bytes(1000), "is no whole zip archive")])
def test_an_archive_that_is_cut_off_or_a_page(
    answer: Callable[..., tuple[int, str]], tmp_path: Path, content: bytes, said: str
) -> None:
    archive = tmp_path / "img_align_celeba.zip"
    archive.write_bytes(content)
    status, line = answer(MANIFEST.replace("{kind: photos}", f"{{kind: celeba, archive: {archive}}}"))
    assert status == 2 and said in line and "download " in line and " again" in line


@pytest.mark.parametrize(("kind", "said"), [
    ("celeba", "is a folder, where img_align_celeba.zip is expected"), ("lsun", "has no data.mdb in it"),
    ("photos", "has too few photographs (3): the four splits need one each")])
def test_plan_doctor_and_run_know_alike_what_is_wrong_with_data(tmp_path: Path, kind: str, said: str) -> None:
    (tmp_path / "album").mkdir()
    for number in range(3):
        Image.new("RGB", (64, 64)).save(tmp_path / f"album/{number}.png")
    (tmp_path / "m.yaml").write_text(MANIFEST.replace("kind: photos", f"kind: {kind}, archive: album"))
    for verb, status, words in (("plan", 0, ()), ("doctor", 1, ()), ("run", 2, ("--store", "store"))):
        told = subprocess.run([sys.executable, REPOSITORY / "orchestrate.py", verb, "m.yaml", *words], cwd=tmp_path,
                              capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "DOCKER_HOST": "unix:///nowhere.sock"})
        assert told.returncode == status and said in told.stdout + told.stderr and "Traceback" not in told.stderr


def test_an_engine_that_is_not_there(
    answer: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    status, line = answer(MANIFEST, "--engine", "docker")
    assert status == 4 and "unix:///nowhere.sock: no Docker Engine answers" in line and "--engine process" in line


def test_a_gpu_that_is_not_there(answer: Callable[..., tuple[int, str]], docker_engine: DockerEngine) -> None:
    if docker_engine.nodes()[0].resources.gpus:
        pytest.skip("this machine has a GPU")
    status, line = answer(MANIFEST.replace("device: cpu", "device: cuda"))
    assert status == 3 and 'could not select device driver "" with capabilities: [[gpu]]' in line
    assert "`device: cpu`" in line


@pytest.mark.parametrize("needs", ["{cores: 9999}", "{memory: 99999GiB}"])
def test_a_machine_that_is_too_small(answer: Callable[..., tuple[int, str]], needs: str) -> None:
    status, line = answer(MANIFEST + f"resources: {{train: {needs}}}\n")
    assert status == 2 and "A/train: asks for" in line and "lower `resources`" in line


def test_an_image_from_elsewhere_that_is_not_there(
    answer: Callable[..., tuple[int, str]], docker_engine: DockerEngine
) -> None:
    status, line = answer(MANIFEST.replace("image: progan", "image: nobody/nothing"), "--engine", "docker")
    assert status == 2 and "image nobody/nothing: the engine does not have it" in line


@pytest.mark.docker
def test_a_setting_that_an_image_from_elsewhere_does_not_take(
    answer: Callable[..., tuple[int, str]], eigenimages: str
) -> None:
    text = MANIFEST.replace("{image: progan}", f"{{image: '{eigenimages}', settings: {{stepps: 3}}}}")
    status, line = answer(text, "--engine", "docker")
    assert status == 2 and line.endswith(
        "bad.yaml:7: sources.A.settings.stepps: there is no such setting; did you mean steps?"
    )


def test_an_image_from_elsewhere_without_an_engine(answer: Callable[..., tuple[int, str]]) -> None:
    status, line = answer(MANIFEST.replace("image: progan", "image: nobody/nothing"), "--engine", "process")
    assert status == 2 and "can only run in a Docker Engine" in line


def test_a_store_that_may_not_be_written(answer: Callable[..., tuple[int, str]]) -> None:
    status, line = answer(MANIFEST, "--engine", "process", "--store", "/proc/store")
    assert status == 2 and line.startswith("error: /proc/")


def test_an_experiment_that_there_is_not(answer: Callable[..., tuple[int, str]]) -> None:
    status, line = answer(MANIFEST + "experiments: {existense: {}}\n")
    assert status == 2 and line.endswith("experiments.existense: there is no such key; did you mean existence?")


@pytest.mark.docker
def test_an_image_set_whose_hash_does_not_match(
    eigenimages: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = eigenimages_study.write_images(tmp_path / "images")
    with (images / "images.npy").open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"x")
    with pytest.raises(StageFailed, match="train failed; generate did not run"):
        run(eigenimages_study.plan(images), Store(tmp_path / "store"))
    told = capsys.readouterr().out
    assert "train failed: bad input" in told and "status:  2" in told and "sha256 differs" in told


@pytest.mark.docker
def test_a_setting_that_a_source_does_not_know(
    eigenimages: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = eigenimages_study.plan(eigenimages_study.write_images(tmp_path / "images"))
    train = replace(plan.stages[0], config={"stepps": 3})
    with pytest.raises(StageFailed):
        run(replace(plan, stages=(train,)), Store(tmp_path / "store"))
    told = capsys.readouterr().out
    assert "train failed: bad input" in told and "did you mean steps?" in told
