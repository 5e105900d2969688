"""Recipes: what is part of an image, and what is not. The furniture of rooms and images."""

import re

import pytest

from orchestration import images
from orchestration.errors import UserError
from orchestration.images import facts, recipes
from orchestration.repository import REPOSITORY

SOURCES = ("progan", "sngan", "cramer_mmd")
ON_THE_CPU = ("analysis", "real", "knn", "eigenface", "prnu")  # nothing in them is made for a GPU
FLAVOURS = [(name, flavour) for name in images.names() for flavour in ("cpu", "cuda")
            if flavour == "cpu" or name not in ON_THE_CPU]


def edit(path, text="\n# new\n"):
    path.write_text(path.read_text() + text)


@pytest.mark.parametrize("image", images.names())
def test_a_recipe_names_what_the_dockerfile_copies(image):
    recipe = images.recipe(image, "cpu")
    assert {"sources/__init__.py", "sources/contract/errors.py"} <= set(recipe.files)
    assert not [file for file in recipe.files if "__pycache__" in file or "containers" in file]
    assert f"{recipe.package.replace('.', '/')}/__main__.py" in recipe.files


@pytest.mark.parametrize("image", images.names())
def test_what_is_copied_keeps_its_path(image):
    """Below /app it is found, by Python and by code.reach, where it is in the repository."""
    dockerfile = images.recipe(image, "cpu").dockerfile
    lines = re.findall(r"^COPY (\S+) /app/(\S+)$", dockerfile, re.MULTILINE)
    for source, target in lines:
        assert target in (source, f"{source.rpartition('/')[0]}/")
    assert len(lines) == len(re.findall("^COPY (?!--from|pip/|containers/|.{REQ)", dockerfile, re.MULTILINE))


@pytest.mark.parametrize(("image", "flavour"), FLAVOURS)
def test_every_requirement_is_pinned_with_a_hash(image, flavour):
    recipe = images.recipe(image, flavour)
    lists = {**recipe.framework.requirements, **recipe.requirements}
    for text in (text for path, text in lists.items() if not path.endswith(".patch")):
        pinned = re.findall(r"^[\w.-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
        assert len(pinned) == len(re.findall(r"^[A-Za-z]", text, re.MULTILINE)) > 0


@pytest.mark.parametrize("image", images.names())
def test_a_dockerfile_is_short_and_runs_a_self_check_last(image):
    recipe = images.recipe(image, "cpu")
    lines = [line for line in recipe.dockerfile.strip().splitlines() if not line.startswith("#")]
    installs = recipe.framework.name == image or recipe.requirements
    assert len(lines) <= (21 if installs else 11)
    entry = " ".join((recipe.package, *recipe.words))
    (check, *after) = [line for line in lines if line.startswith(("RUN", "COPY"))][::-1]
    while check.startswith("COPY"):  # what nothing of the check needs
        check, *after = after
    assert check == f"RUN python -m {entry} check --device cpu"


@pytest.mark.parametrize("room", SOURCES)
def test_every_source_has_the_same_furniture(room):
    names = {path.name for path in (REPOSITORY / "sources" / room).glob("*.py")}
    assert {"__init__.py", "__main__.py", "settings.py", "networks.py", "losses.py", "train.py",
            "generate.py", "import_.py", "export.py", "check.py", "device.py", "trainer.py"} <= names


def test_code_changes_what_is_built_and_not_what_it_stands_on(repository):
    before = images.recipe("real", "cpu")
    edit(repository / "sources/real/celeba.py")
    after = images.recipe("real", "cpu")
    assert (after.content, after.reference != before.reference) == (before.content, True)
    assert after.build != before.build


@pytest.mark.parametrize("path", ["README.md", "containers/test/requirements-py3.txt",
                                  "containers/test/Dockerfile", "containers/README.md"])
def test_what_no_stage_sees_changes_nothing(repository, path):
    before = images.recipe("progan", "cpu")
    (repository / path).write_text("new")
    assert images.recipe("progan", "cpu") == before


@pytest.mark.parametrize("path", [
    "containers/progan/Dockerfile", "containers/tensorflow/Dockerfile",
    "containers/base/Dockerfile", "containers/tensorflow/requirements-cpu.txt"])
def test_what_is_installed_changes_the_content(repository, path):
    before, cuda = images.recipe("progan", "cpu"), images.recipe("progan", "cuda")
    edit(repository / path)
    assert images.recipe("progan", "cpu").content != before.content
    assert (images.recipe("progan", "cuda") == cuda) == path.endswith("cpu.txt")


def test_packages_of_an_image_alone_are_part_of_it_and_not_of_its_framework(repository):
    before, beside = images.recipe("perception", "cpu"), images.recipe("attribution", "cpu")
    assert list(before.requirements) == ["containers/perception/requirements.txt"]
    edit(repository / "containers/perception/requirements.txt")
    after = images.recipe("perception", "cpu")
    assert after.content != before.content and after.framework == before.framework
    assert images.recipe("attribution", "cpu") == beside


def test_what_a_gpu_must_have_is_not_part_of_an_image_and_its_packages_are(repository):
    path, before = repository / "containers/tensorflow/image.toml", images.recipe("progan", "cpu")
    path.write_text(path.read_text().replace("12.1]", "13.0]"))
    assert images.recipe("progan", "cpu") == before
    path.write_text(path.read_text().replace('"python3-venv"', '"python3-venv", "libgomp1"'))
    assert images.recipe("progan", "cpu").content != before.content


def test_a_base_of_ones_own_is_part_of_the_images_that_stand_on_it(monkeypatch):
    progan, attribution = images.recipe("progan", "cpu"), images.recipe("attribution", "cpu")
    assert progan.framework.reference == attribution.framework.reference
    monkeypatch.setenv("GANFP_BASE_PROGAN_CPU", "mirror/python:3.11")
    assert images.recipe("attribution", "cpu") == attribution
    changed = images.recipe("progan", "cpu")
    assert changed.content != progan.content
    assert changed.framework.reference != progan.framework.reference
    monkeypatch.setenv("GANFP_BASE_PROGAN_CPU", "mirror/python:3.12")
    assert images.recipe("progan", "cpu").content != changed.content


def test_which_build_of_pytorch_is_installed_is_part_of_the_image(monkeypatch):
    asked = []
    for offered in (True, False):
        monkeypatch.setattr("orchestration.images.offers.has",
                            lambda *what, offered=offered: asked.append(what) or offered)
        recipe = images.recipe("mmdgan", "cpu")
        flavour = "cpu" if offered else "cuda"
        listed = f"containers/pytorch/requirements-{flavour}.txt"
        assert list(recipe.framework.requirements) == [listed]
    assert asked == [("torch", "2.13.0+cpu", "3.11")] * 2
    with_cuda = recipe
    monkeypatch.undo()
    assert images.recipe("mmdgan", "cuda").content != with_cuda.content


def test_a_file_that_changes_under_a_run_is_noticed(repository):
    recipe = images.recipe("real", "cpu")
    assert recipe.read("sources/real/celeba.py")
    edit(repository / "sources/real/celeba.py")
    with pytest.raises(UserError, match=r"sources/real/celeba.py: changed since this run began"):
        recipe.read("sources/real/celeba.py")
    (repository / "sources/real/lsun.py").unlink()
    with pytest.raises(UserError, match=r"sources/real/lsun.py: changed since"):
        recipe.read("sources/real/lsun.py")


def test_an_image_is_ours_or_made_elsewhere():
    assert images.find("real", "cpu", {}.__getitem__) == images.recipe("real", "cpu")
    foreign = images.find("somebody/gan:1", "cuda", {"somebody/gan:1": "sha256:1"}.__getitem__)
    assert foreign == images.Foreign("somebody/gan:1", "cuda", "sha256:1")
    assert foreign.reference == "sha256:1"


def test_an_image_is_named_by_what_is_in_it():
    recipe = images.recipe("sngan", "cuda")
    assert recipe.reference == f"ganfp/sngan:cuda-{recipe.build[:12]}"
    assert (recipe.package, recipe.words) == ("sources.sngan", ())
    assert images.recipe("mmdgan", "cpu").words == ("mmdgan",)


def test_images_and_flavours_that_do_not_exist():
    with pytest.raises(UserError, match="no such image; containers/ makes analysis, attribution, cramergan"):
        images.recipe("sgnan", "cpu")
    with pytest.raises(UserError, match="containers/chainer: has no flavour rocm"):
        images.recipe("sngan", "rocm")
    with pytest.raises(UserError, match="containers/scikit-learn: has no flavour cuda; .* `device: cpu`"):
        images.recipe("knn", "cuda")


@pytest.mark.parametrize(("text", "complaint"), [
    ('suite = "bookworm"\n', "python: Field required"),
    ('suit = "bookworm"\n', "suite: Field required"),
    ("suite\n", "Expected '='")])
def test_facts_that_are_wrong_are_named(repository, text, complaint):
    (repository / "containers/real/image.toml").write_text(text)
    with pytest.raises(UserError, match=f"containers/real/image.toml: .*{complaint}"):
        facts.read("real")


def test_every_image_has_facts():
    for name in images.names():
        known = facts.read(recipes.framework_name(name))
        assert known.python in ("2.7", "3.11") and (known.cuda is None) == (name in ON_THE_CPU)


def test_an_image_that_there_is_not_is_told_with_the_one_that_was_meant():
    def image_id(name):
        raise UserError(f"image {name}: there is none")

    for name, said in (("progam", "; did you mean progan?"), ("ganfp/sgan", "; did you mean sngan?"), ("mine", "")):
        with pytest.raises(UserError) as caught:
            images.find(name, "cpu", image_id)
        assert str(caught.value) == f"image {name}: there is none{said}"
