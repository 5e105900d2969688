"""A repository that a test may change."""

import shutil

import pytest

from orchestration.images import facts, frameworks, recipes
from orchestration.repository import REPOSITORY


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """The folder of a copy of what images are made of; recipes are read from it."""
    folder = tmp_path / "repository"
    for name in ("containers", "sources", "attribution", "experiments", "datasets"):
        shutil.copytree(REPOSITORY / name, folder / name,
                        ignore=shutil.ignore_patterns("__pycache__"))
    for module in (facts, frameworks, recipes):
        monkeypatch.setattr(module, "REPOSITORY", folder)
    return folder


@pytest.fixture
def made(repository):
    """A function: {path below sources/made: text} -> the recipe of an image of these files."""
    def make(files):
        folder = repository / "containers" / "made"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(
            "ARG FRAMEWORK=ganfp/tensorflow:cpu\nFROM ${FRAMEWORK}\n"
            "COPY sources/__init__.py /app/sources/\nCOPY sources/made /app/sources/made\n"
            'ENTRYPOINT ["python", "-m", "sources.made", "first"]\n')
        for path, text in {"__init__.py": "", "__main__.py": "", **files}.items():
            place = repository / "sources" / "made" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        return recipes.recipe("made", "cpu")

    return make
