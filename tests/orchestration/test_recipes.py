"""Recipes: what an image is made of. And the furniture of every room and image."""

import re
from pathlib import Path

import pytest

from orchestration import recipes
from orchestration.errors import UserError
from orchestration.recipes import REPOSITORY

ROOMS = ("progan", "sngan", "cramer_mmd", "real")
SOURCES = ("progan", "sngan", "cramer_mmd")


@pytest.mark.parametrize("image", recipes.names())
def test_a_recipe_names_what_the_dockerfile_copies(image):
    recipe = recipes.recipe(image, "cpu")
    assert {"sources/__init__.py", "sources/contract/errors.py", recipe.requirements} <= set(recipe.files)
    assert all((REPOSITORY / file).is_file() for file in recipe.files)
    assert not [file for file in recipe.files if "__pycache__" in file]
    assert recipe.entrypoint[:2] == ("python", "-m")


@pytest.mark.parametrize("image", recipes.names())
@pytest.mark.parametrize("flavour", ["cpu", "cuda"])
def test_every_requirement_is_pinned_with_a_hash(image, flavour):
    if image == "real" and flavour == "cuda":
        return  # it computes nothing that a GPU would speed up
    text = (REPOSITORY / recipes.recipe(image, flavour).requirements).read_text()
    pinned = re.findall(r"^[A-Za-z0-9._-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^[A-Za-z]", text, re.MULTILINE)) > 0


@pytest.mark.parametrize("image", recipes.names())
def test_a_dockerfile_is_short_ends_with_a_self_check_and_can_be_tested(image):
    text = (REPOSITORY / "containers" / image / "Dockerfile").read_text()
    shipped = text[:text.index("FROM image AS test")]
    assert len(shipped.splitlines()) <= 28
    assert re.search(r"^RUN python -m \S+ check --device cpu$", shipped.strip().splitlines()[-1])


def test_images_that_install_the_same_share_their_layers():
    for first, second in (("progan", "attribution"), ("cramergan", "mmdgan")):
        texts = [(REPOSITORY / recipes.recipe(name, "cpu").dockerfile).read_text() for name in (first, second)]
        installations = [text[text.index("ARG BASE"):text.index("FROM ${BASE} AS image")] for text in texts]
        assert installations[0] == installations[1]


@pytest.mark.parametrize("room", SOURCES)
def test_every_source_has_the_same_furniture(room):
    names = {path.name for path in (REPOSITORY / "sources" / room).glob("*.py")}
    assert {"__init__.py", "__main__.py", "settings.py", "networks.py", "losses.py", "train.py", "generate.py",
            "published.py", "export.py", "check.py", "device.py"} <= names


def test_a_change_of_a_file_changes_the_content_and_a_change_elsewhere_does_not(tmp_path, monkeypatch):
    copy(tmp_path, "real")
    monkeypatch.setattr(recipes, "REPOSITORY", tmp_path)
    monkeypatch.setattr(recipes, "_CONTAINERS", tmp_path / "containers")
    before = recipes.recipe("real", "cpu")
    (tmp_path / "README.md").write_text("new")
    assert recipes.recipe("real", "cpu").content == before.content
    (tmp_path / "sources/real/celeba.py").write_text("new")
    assert recipes.recipe("real", "cpu").content != before.content


def copy(target: Path, image: str) -> None:
    """Copy what an image is made of."""
    recipe = recipes.recipe(image, "cpu")
    for file in (recipe.dockerfile, *recipe.files):
        place = target / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((REPOSITORY / file).read_bytes())


def test_references():
    assert recipes.reference("sngan", "cuda") == "ganfp/sngan:cuda"
    assert recipes.reference("somebody/gan:1", "cuda") == "somebody/gan:1"


def test_images_and_flavours_that_do_not_exist():
    with pytest.raises(UserError, match="there is no such image; containers/ makes attribution, cramergan"):
        recipes.recipe("sgnan", "cpu")
    with pytest.raises(UserError, match="has no flavour rocm"):
        recipes.recipe("sngan", "rocm")
