"""A finished study and a change: what is made anew is what the change concerns, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from orchestration.repository import REPOSITORY
from tests.study.micro import MANIFEST, orchestrate

pytestmark = [pytest.mark.docker, pytest.mark.slow]

MINE = '''"""How many images were judged. Not in the paper."""

from typing import NamedTuple

from experiments import existence
from experiments.parts import Headline, Section


class Settings(NamedTuple):
    """Nothing to choose but the word."""

    word: str = "images"


def steps(study, settings):
    return existence.steps(study, existence.Settings())


def measure(lab, settings):
    return {"count": len(lab.scores(lab.names[0]).truth), "word": settings.word}


def section(result, figures):
    return Section("How many", "", Headline(f"{result['count']} {result['word']}", "were judged."), [])
'''


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of this repository, to change."""
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", "store", "runs", ".*_cache", "data")
    return Path(shutil.copytree(REPOSITORY, tmp_path / "repository", ignore=ignored, symlinks=True))


@pytest.fixture
def store(docker_store: Path, tmp_path: Path) -> Path:
    """A copy of the finished micro study's store."""
    return Path(shutil.copytree(docker_store, tmp_path / "store", copy_function=os.link))


def made_anew(store: Path, before: Path) -> set[str]:
    """The stages that `store` has and the store `before` has not."""
    return {json.loads(path.read_text())["name"] for path in store.glob("*/stage.json")
            if not (before / path.parent.name).exists()}


def test_an_edit_of_the_page_concerns_the_report_alone(repository: Path, store: Path, docker_store: Path) -> None:
    page = repository / "attribution/analysis/report/page.html"
    page.write_text(page.read_text().replace("What made all this", "What made it"))
    told = orchestrate("run", MANIFEST, "--engine", "docker", "--store", store, repository=repository)
    assert told.returncode == 0, told.stdout + told.stderr
    assert made_anew(store, docker_store) == {"report"}
    assert "What made it" in (store.parent / "runs/micro/report/index.html").read_text()


def test_an_experiment_of_ones_own_is_one_file_and_one_entry(
    repository: Path, store: Path, docker_store: Path, tmp_path: Path
) -> None:
    (repository / "experiments/mine.py").write_text(MINE)
    manifest = tmp_path / "micro.yaml"
    manifest.write_text(MANIFEST.read_text().replace("intervals: {}", "intervals: {}, mine: {word: pictures}"))
    told = orchestrate("run", manifest, "--engine", "docker", "--store", store, repository=repository)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "mine: 200 pictures" in told.stdout
    assert made_anew(store, docker_store) == {"mine/measure", "report"}


def test_a_method_of_ones_own_is_one_image_and_one_entry(
    spectra: str, store: Path, docker_store: Path, tmp_path: Path
) -> None:
    manifest = tmp_path / "micro.yaml"
    entry = f"methods:\n  Spectra: {{image: {spectra}, settings: {{steps: 50}}}}\n"
    manifest.write_text(MANIFEST.read_text().replace("methods:\n", entry))
    told = orchestrate("run", manifest, "--engine", "docker", "--store", store)
    assert told.returncode == 0, told.stdout + told.stderr
    assert made_anew(store, docker_store) == {
        "Spectra/train", "Spectra/attribute", "existence/measure", "intervals/measure", "report"}
    results = json.loads((store.parent / "runs/micro/report/results.json").read_text())
    methods = results["experiments"]["existence"]["result"]["methods"]
    assert [method["name"] for method in methods] == ["Spectra", "classifier"]


def test_changes_that_concern_nothing_make_nothing_anew(repository: Path, store: Path) -> None:
    (repository / "attribution/analysis/report/page.html").touch()
    for name in ("containers/test/requirements-py3.txt", "attribution/export.py", "README.md", "experiments/seeds.py"):
        with (repository / name).open("a") as stream:
            stream.write("\n# something else\n")
    told = orchestrate("run", MANIFEST, "--engine", "docker", "--store", store, repository=repository)
    assert told.returncode == 0 and "stages are done" not in told.stdout
