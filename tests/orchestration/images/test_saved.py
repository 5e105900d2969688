"""Images kept in a file and taken from it, with an image of a few kilobytes on a framework of its own."""

import contextlib
import io
import json
import os
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from docker.errors import ImageNotFound

from commands import images as command
from orchestration import images
from orchestration.errors import UserError
from orchestration.images import build, recipes, saved
from tests.orchestration import tiny

DOCKERFILE = """ARG BASE
FROM ${BASE}
ARG REQUIREMENTS
LABEL process={process}
COPY ${REQUIREMENTS} /
COPY sources/__init__.py /app/sources/
ENTRYPOINT ["python", "-m", "sources"]
"""


@pytest.fixture
def recipe(docker_engine, repository, monkeypatch):
    """Of an image that a build makes in a second, and that no other test knows."""
    folder = repository / "containers" / "brief"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE.replace("{process}", str(os.getpid())))
    (folder / "requirements-cpu.txt").write_text("# nothing\n")
    (folder / "image.toml").write_text((repository / "containers/real/image.toml").read_text())
    monkeypatch.setenv(recipes.base_variable("brief", "cpu"), tiny.build(docker_engine.client))
    recipe = images.recipe("brief", "cpu")
    yield recipe
    _forget(docker_engine.client, recipe)


def _forget(client, recipe):
    for name in (recipe.reference, "ganfp/brief:cpu", "ganfp/brief:latest"):
        with contextlib.suppress(ImageNotFound):
            client.images.remove(name, force=True)


@pytest.mark.docker
def test_what_was_saved_and_loaded_is_not_built_again(docker_engine, recipe, tmp_path):
    client, file, said = docker_engine.client, tmp_path / "kept.tar", []
    with pytest.raises(UserError, match="brief .cpu.: not built yet; build it first: orchestrate.py images brief"):
        saved.save(client, [recipe], file)
    build.build(client, [recipe], said.append)
    assert saved.save(client, [recipe], file) == [recipe.reference]
    assert file.name in os.listdir(tmp_path) and f"{file.name}.part" not in os.listdir(tmp_path)
    with pytest.raises(UserError, match="there is such a file"):
        saved.save(client, [recipe], file)
    with pytest.raises(UserError, match="nowhere/kept.tar.part: No such file or directory; name a file"):
        saved.save(client, [recipe], tmp_path / "nowhere" / "kept.tar")
    _forget(client, recipe)
    assert saved.load(client, file) == [recipe.reference]
    said.clear()
    build.build(client, [recipe], said.append)
    assert said == [] and client.images.get("ganfp/brief:cpu").labels["ganfp.content"] == recipe.build


@pytest.mark.docker
def test_a_file_that_is_cut_off_or_spoilt_is_refused_in_a_line(docker_engine, recipe, tmp_path):
    client, file = docker_engine.client, tmp_path / "kept.tar"
    build.build(client, [recipe], lambda event: None)
    saved.save(client, [recipe], file)
    _forget(client, recipe)
    whole = file.read_bytes()
    for spoilt, words in ((whole[:len(whole) // 2], "not a file of images, or cut off"),
                          (whole.replace(b"# nothing", b"# spoilt."), "the engine cannot load it")):
        file.write_bytes(spoilt)
        with pytest.raises(UserError, match=words) as caught:
            saved.load(client, file)
        assert "\n" not in str(caught.value)
    with pytest.raises(ImageNotFound):
        client.images.get(recipe.reference)


def archive(path: Path, content: object) -> Path:
    """An archive whose list of images is `content`."""
    data = json.dumps(content).encode()
    with tarfile.open(path, "w") as file:
        member = tarfile.TarInfo("manifest.json")
        member.size = len(data)
        file.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize(("content", "words"), [
    ([{"RepoTags": ["debian:bookworm-slim"]}], "holds debian:bookworm-slim, which is none of ours"),
    ([], "holds no image"), (None, "not a file of images"), ([{"RepoTags": None}], "not a file of images"),
    ({"RepoTags": 3}, "not a file of images")])
def test_an_archive_of_something_else_never_reaches_the_engine(tmp_path, content, words):
    with pytest.raises(UserError, match=words):
        saved.load(None, archive(tmp_path / "other.tar", content))


@pytest.mark.parametrize(("name", "words"), [("none", "No such file"), (".", "Is a directory"), ("page", "not a file")])
def test_what_is_no_archive_never_reaches_the_engine(tmp_path, name, words):
    (tmp_path / "page").write_text("<!DOCTYPE html>")
    with pytest.raises(UserError, match=words):
        saved.load(None, tmp_path / name)


@pytest.mark.parametrize("words", [["nobody"], ["--flavour", "cpu", "nobody"], ["build", "nobody"],
                                   ["save", "nobody", "file.tar"]])
def test_the_verb_build_need_not_be_said(words):
    result = CliRunner().invoke(command.command, words)
    assert "image nobody: there is no such image" in str(result.exception)
