"""What a command reaches."""

import dataclasses
import hashlib

import pytest

from orchestration import images
from orchestration.errors import UserError
from orchestration.images import code
from orchestration.repository import REPOSITORY

MADE = {
    "__main__.py": "import json\nfrom sources.made import command\n",
    "command.py": "",
    "first.py": "",
    "train.py": "def train(arguments):\n    from . import losses\n    from .net.layers import conv",
    "losses.py": "from importlib import import_module\nNAME = 'curves.json'\n",
    "curves.json": "{}", "other.json": "{}",
    "net/__init__.py": "from ..units import *\n", "net/layers.py": "def conv(): ...\n",
    "units.py": "", "unused.py": "",
    "import_.py": "import sources.made.net.layers as layers\n",
    "second.py": "",
}


def reached(recipe, *words, **options):
    """Below sources/made, what a command reaches."""
    return {file.removeprefix("sources/made/") for file in code.reach(recipe, words, **options)}


def test_a_verb_reaches_its_imports_wherever_they_stand_and_the_packages_around_them(made):
    always = {"sources/__init__.py", "__init__.py", "__main__.py", "command.py", "first.py"}
    recipe = made(MADE)
    assert reached(recipe) == reached(recipe, "--help", "train") == always
    assert reached(recipe, "train", "--images", "second") == always | {
        "train.py", "losses.py", "curves.json", "net/__init__.py", "net/layers.py", "units.py"}
    assert reached(recipe, "import") == always | {
        "import_.py", "net/__init__.py", "net/layers.py", "units.py"}
    assert reached(recipe, "second", "import") == reached(recipe, "import") | {"second.py"}
    assert reached(recipe, modules=["sources.made.unused"]) == always | {"unused.py"}
    with pytest.raises(UserError, match=r"image made: has no module sources.made.nothing"):
        code.reach(recipe, (), ["sources.made.nothing"])


def test_what_is_reached_comes_with_its_hash_and_changes_with_it(made):
    before = code.reach(made(MADE), ["train"])
    assert before["sources/made/curves.json"] == hashlib.sha256(b"{}").hexdigest()
    assert code.reach(made(MADE | {"unused.py": "1", "import_.py": ""}), ["train"]) == before
    assert code.reach(made(MADE | {"losses.py": "'curves.json'\n# x"}), ["train"]) != before


def test_a_file_that_changed_since_is_not_read_silently(made, repository):
    recipe = made(MADE)
    (repository / "sources/made/train.py").write_text("import os")
    with pytest.raises(UserError, match=r"sources/made/train.py: changed since this run began"):
        code.reach(recipe, ["train"])


@pytest.fixture(autouse=True)
def unknown_yet():
    """Recipes that are equal have equal files; here some are changed behind its back."""
    code._reached.cache_clear()


@pytest.mark.parametrize("image", images.names())
def test_every_verb_finds_all_that_it_reaches_in_its_image(image):
    """What a verb reaches in the whole repository is in the image."""
    recipe = images.recipe(image, "cpu")
    paths = [path for folder in ("sources", "attribution", "experiments", "datasets")
             for path in (REPOSITORY / folder).rglob("*") if path.is_file()]
    unlimited = dataclasses.replace(recipe, build="unlimited", files={
        str(path.relative_to(REPOSITORY)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths})
    folder = recipe.package.replace(".", "/")
    verbs = [file.stem.rstrip("_") for file in (REPOSITORY / folder).glob("*.py")]
    for verb in [*verbs, "report"]:
        assert code.reach(unlimited, [verb]) == code.reach(recipe, [verb])
