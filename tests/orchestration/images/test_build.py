"""Building images: what pip inside is told, what is built on what, what a failure says."""

import subprocess
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from orchestration import images
from orchestration.errors import BuildFailed, UserError
from orchestration.images import build, context, frameworks, offers, pip_settings, steps

HOST = """:env:.find-links='/wheels /gone'
global.index-url='https://mirror.example/simple'
global.extra-index-url='file:///local/simple https://second.example/simple'
global.no-color='true'
"""


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
    unknown = ("file:", "no-color", str(host))
    assert not [line for line in lines if any(word in line for word in unknown)]
    assert lines[-1].strip() == "/pip/wheels"


def test_only_the_wheels_that_are_named_travel(host):
    requirements = "numpy==2.0 \\\n    --hash=sha256:0\ntorch==2.13.0 \\\n    --hash=sha256:1\n"
    assert [wheel.name for wheel in pip_settings.wheels(requirements)] == [
        "torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl"]


def answer(monkeypatch, tmp_path, stdout="", stderr="", returncode=0):
    """Let pip answer so; returns the list of what it is asked."""
    asked = []

    def run(command, **options):
        asked.append(command)
        return subprocess.CompletedProcess(command, returncode, stdout, stderr)

    monkeypatch.setattr(offers.subprocess, "run", run)
    monkeypatch.setattr(offers, "_ANSWERS", tmp_path / "offers")
    return asked


@pytest.mark.parametrize(("versions", "offered"), [
    ("2.14.0, 2.13.0+cpu, 2.13.0", True), ("2.14.0, 2.13.0", False)])
def test_pip_is_asked_once_for_the_build_for_the_cpu(monkeypatch, tmp_path, versions, offered):
    asked = answer(monkeypatch, tmp_path, f"torch (2.14.0)\nAvailable versions: {versions}\n")
    assert [offers.has("torch", "2.13.0+cpu", "3.11") for _ in range(2)] == [offered] * 2
    assert len(asked) == 1 and "3.11" in asked[0]
    monkeypatch.setenv("PIP_FIND_LINKS", "/elsewhere")
    assert offers.has("torch", "2.13.0+cpu", "3.11") == offered and len(asked) == 2


def test_answers_that_are_kept_at_once_do_not_share_a_file(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: offers._write(tmp_path / "answer", "yes"), range(200)))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["yes"]


@pytest.mark.parametrize("no_answer", [
    {"returncode": 1, "stderr": "ERROR: No matching distribution found for torch"},
    {"stdout": "Available versions: 2.13.0", "stderr": "WARNING: Retrying (Retry(total=0 ..."}])
def test_without_an_answer_of_pip_it_is_said_what_to_do(monkeypatch, tmp_path, no_answer):
    asked = answer(monkeypatch, tmp_path, **no_answer)
    for _ in range(2):
        with pytest.raises(UserError, match=r"torch 2.13.0\+cpu: .* a folder .* PIP_FIND_LINKS"):
            offers.has("torch", "2.13.0+cpu", "3.11")
    assert len(asked) == 2


def test_a_base_of_the_users_own_is_what_is_built_on(monkeypatch):
    monkeypatch.setenv("GANFP_BASE_SNGAN_CUDA", "mirror/debian:bullseye")
    assert steps.of(images.recipe("sngan", "cpu"), test=False)[0].framework.base is None
    first, _ = steps.of(images.recipe("sngan", "cuda"), test=False)
    assert build._base(None, first.framework, print) == "mirror/debian:bullseye"


def test_a_flavour_may_have_a_dockerfile_of_its_own():
    cpu, cuda = (steps.of(images.recipe("sngan", flavour), test=False)[0] for flavour in ("cpu", "cuda"))
    assert "cupy" not in cpu.dockerfile and "containers/chainer/cupy.patch" not in cpu.requirements
    assert "cupy" in cuda.dockerfile and "containers/chainer/cupy.patch" in cuda.requirements
    assert cuda.arguments["REQUIREMENTS"] == "containers/chainer/requirements-cuda.txt"


@pytest.mark.parametrize("offered", [True, False])
def test_a_framework_that_is_there_says_what_pip_cannot_say_any_more(monkeypatch, tmp_path, offered):
    answer(monkeypatch, tmp_path, f"Available versions: 2.13.0{'+cpu' * offered}")
    reference = images.recipe("mmdgan", "cpu").framework.reference
    asked = answer(monkeypatch, tmp_path / "later", returncode=1)
    with pytest.raises(UserError, match="reaches no package index"):
        images.recipe("mmdgan", "cpu")
    for name in ("ganfp/base:bookworm-1", "ganfp/mmdgan:cpu-1", "ganfp/pytorch:cpu-1"):
        frameworks.learn(name)
        assert not list((tmp_path / "later").glob("offers/*"))
    frameworks.learn(reference)
    assert images.recipe("mmdgan", "cpu").framework.reference == reference and len(asked) == 1


def test_each_build_stands_on_the_one_before():
    recipe = images.recipe("progan", "cpu")
    framework, image, test = steps.of(recipe, test=True)
    assert (framework.reference, framework.code) == (recipe.framework.reference, {})
    assert image.arguments == {"FRAMEWORK": framework.reference}
    assert set(image.code) == set(recipe.files)
    assert test.arguments["IMAGE"] == image.reference == recipe.reference
    assert test.reference == steps.test_reference(recipe)
    assert "requirements-py3" in test.arguments["REQUIREMENTS"]
    alone, = steps.of(images.recipe("real", "cpu"), test=False)
    assert alone.code and alone.requirements and "lomiri" in alone.arguments["DATA"]


def test_a_build_sees_nothing_but_what_its_recipe_names():
    recipe = images.recipe("progan", "cpu")
    with build._context(steps.of(recipe, test=False)[1]) as stream:
        members = tarfile.TarFile(fileobj=stream).getmembers()
    assert {member.name for member in members} == {"Dockerfile", *recipe.files}
    assert {(member.uid, member.mtime, member.mode) for member in members} == {(0, 0, 0o644)}


def test_an_image_with_packages_of_its_own_sees_what_pip_is_told():
    recipe = images.recipe("perception", "cpu")
    framework, image = steps.of(recipe, test=False)
    assert framework.reference == images.recipe("attribution", "cpu").framework.reference
    with build._context(image) as stream:
        found = set(tarfile.TarFile(fileobj=stream).getnames())
    assert found == {"Dockerfile", *recipe.files, *recipe.requirements, "pip/pip.conf"}


def test_two_builds_do_not_share_their_context():
    with context.write({"a": b"1"}) as first, context.write({"a": b"2"}) as second:
        archives = [tarfile.TarFile(fileobj=each) for each in (first, second)]
        assert [each.extractfile("a").read() for each in archives] == [b"1", b"2"]


@pytest.mark.docker
def test_a_built_image_is_not_built_again_and_is_the_current_one(docker_engine):
    said, recipe = [], images.recipe("real", "cpu")
    build.build(docker_engine.client, [recipe], said.append)
    said.clear()
    build.build(docker_engine.client, [recipe, recipe], said.append)
    assert said == []
    image = docker_engine.client.images.get(recipe.reference)
    assert image.labels["ganfp.content"] == recipe.build
    for tag in ("cpu", "latest"):
        assert docker_engine.client.images.get(f"ganfp/real:{tag}").id == image.id


BROKEN = """ARG BASE
FROM ${BASE}
ARG REQUIREMENTS
COPY ${REQUIREMENTS} /
RUN echo what went wrong; false
"""


@pytest.fixture
def broken(repository):
    """A framework that cannot be built, and the two images that stand on it."""
    framework = repository / "containers" / "broken"
    framework.mkdir()
    (framework / "Dockerfile").write_text(BROKEN)
    (framework / "requirements-cpu.txt").write_text("# nothing\n")
    (framework / "image.toml").write_text((repository / "containers/real/image.toml").read_text())
    for name in ("first", "second"):
        (repository / "containers" / name).mkdir()
        (repository / "containers" / name / "Dockerfile").write_text(
            "ARG FRAMEWORK=ganfp/broken:cpu\nFROM ${FRAMEWORK}\n"
            'COPY sources/__init__.py /app/sources/\nENTRYPOINT ["python", "-m", "sources"]\n')
    return [images.recipe("first", "cpu"), images.recipe("second", "cpu")]


@pytest.mark.docker
def test_a_failed_build_names_image_step_and_log_and_does_not_stop_the_others(
        docker_engine, broken, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "LOGS", tmp_path / "logs")
    said, real = [], images.recipe("real", "cpu")
    with pytest.raises(BuildFailed) as caught:
        build.build(docker_engine.client, [*broken, real], said.append)
    message = str(caught.value)
    assert message.startswith("image first (cpu): could not be built: ")
    assert "RUN echo what went wrong" in message and "    what went wrong" in message
    assert [str(path) in message for path in (tmp_path / "logs").iterdir()] == [True]
    assert f"image second (cpu): could not be built: {broken[0].framework.reference}, on" in message
    assert sum(event["message"].startswith("building ganfp/broken") for event in said) == 1
    assert docker_engine.client.images.get(real.reference)


@pytest.mark.docker
def test_two_builds_of_one_image_at_once_do_not_disturb_each_other(docker_engine, made):
    recipe, failures = made({"first.py": f"# {threading.get_ident()}"}), []

    def work():
        try:
            build.build(docker_engine.client, [recipe], lambda event: None)
        except BuildFailed as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    docker_engine.client.images.remove(recipe.reference, force=True)
