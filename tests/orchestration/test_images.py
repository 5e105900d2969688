"""Building images: what pip inside is told, what a failure says."""

import pytest

from orchestration import images, pip_settings, recipes
from orchestration.errors import BuildFailed
from orchestration.recipes import REPOSITORY

HOST = ":env:.find-links='/wheels /gone'\nglobal.index-url='https://mirror.example/simple'\n" \
       "global.extra-index-url='file:///local/simple https://second.example/simple'\nglobal.no-color='true'\n"


@pytest.fixture
def host(monkeypatch, tmp_path):
    """A host whose pip has settings; the folder of wheels is real."""
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl").touch()
    (tmp_path / "other-1-py3-none-any.whl").touch()

    class Listed:
        stdout = HOST.replace("/wheels", str(tmp_path))

    monkeypatch.setattr(pip_settings.subprocess, "run", lambda *arguments, **options: Listed)
    pip_settings._settings.cache_clear()
    yield tmp_path
    pip_settings._settings.cache_clear()


def test_the_hosts_index_reaches_the_build_and_local_folders_do_not(host):
    lines = pip_settings.configuration().splitlines()
    assert "index-url = https://mirror.example/simple" in lines
    assert "extra-index-url = https://second.example/simple" in lines
    assert not [line for line in lines if "file:" in line or "no-color" in line or str(host) in line]
    assert lines[-1].strip() == "/pip/wheels"


def test_only_the_wheels_that_are_named_travel(host):
    requirements = "numpy==2.0 \\\n    --hash=sha256:0\ntorch==2.13.0 \\\n    --hash=sha256:1\n"
    assert [wheel.name for wheel in pip_settings.wheels(requirements)] == [
        "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl"]


def test_a_base_that_only_the_user_can_name(monkeypatch):
    recipe = recipes.recipe("sngan", "cuda")
    monkeypatch.delenv("GANFP_BASE_SNGAN_CUDA", raising=False)
    with pytest.raises(BuildFailed, match="name one in GANFP_BASE_SNGAN_CUDA"):
        images._base(recipe)
    monkeypatch.setenv("GANFP_BASE_SNGAN_CUDA", "mirror/cuda:10.1")
    assert images._base(recipe) == "mirror/cuda:10.1"
    assert images._base(recipes.recipe("sngan", "cpu")) == "ganfp/base:bullseye"


@pytest.mark.docker
def test_a_built_image_is_not_built_again(docker_engine):
    said = []
    images.build(docker_engine.client, [("real", "cpu")], said.append)
    said.clear()
    images.build(docker_engine.client, [("real", "cpu")], said.append)
    assert said == []
    label = docker_engine.client.images.get("ganfp/real:cpu").labels["ganfp.content"]
    assert label == recipes.recipe("real", "cpu").content


@pytest.mark.docker
def test_a_failed_build_names_image_step_and_log_and_does_not_stop_the_others(docker_engine):
    folder = REPOSITORY / "containers" / "broken-for-a-test"
    folder.mkdir()
    try:
        (folder / "Dockerfile").write_text(
            "ARG BASE=ganfp/base:bookworm\nFROM ${BASE} AS image\nARG FLAVOUR\n"
            "COPY containers/broken-for-a-test/requirements-${FLAVOUR}.txt /\nRUN echo what went wrong; false\n"
            'ENTRYPOINT ["python", "-m", "x"]\n')
        (folder / "requirements-cpu.txt").write_text("")
        said = []
        with pytest.raises(BuildFailed) as caught:
            images.build(docker_engine.client, [("broken-for-a-test", "cpu"), ("real", "cpu")], said.append)
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    message = str(caught.value)
    assert message.startswith("image ganfp/broken-for-a-test:cpu: could not be built")
    assert "RUN echo what went wrong" in message and "    what went wrong" in message and ".log" in message
    label = docker_engine.client.images.get("ganfp/real:cpu").labels["ganfp.content"]
    assert label == recipes.recipe("real", "cpu").content
