"""The builds of an image, each on the one before: its framework, itself, for tests pytest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestration.hashing import digest
from orchestration.images import frameworks
from orchestration.images.frameworks import Framework
from orchestration.images.recipes import Recipe


@dataclass(frozen=True)
class Step:
    """One build.

    reference, content: the name and the label of what it makes. dockerfile: its text.
    arguments: of the Dockerfile. code: {path: content}. requirements: lists to install,
    {path: text}. framework: the one that it makes, on a base.
    """

    reference: str
    content: str
    dockerfile: str
    arguments: Mapping[str, str]
    code: Mapping[str, bytes] = field(default_factory=dict)
    requirements: Mapping[str, str] = field(default_factory=dict)
    framework: Framework | None = None


def of(recipe: Recipe, test: bool) -> list[Step]:
    """The builds of an image. test: with the one that adds pytest.

    Raises UserError where a file changed since the recipe was made.
    """
    code, below = {file: recipe.read(file) for file in recipe.files}, recipe.framework
    if below.name == recipe.name:
        steps = [_on_a_base(recipe.reference, recipe.build, below, code)]
    else:
        arguments = {"FRAMEWORK": below.reference}
        steps = [_on_a_base(below.reference, below.content, below, {}),
                 Step(recipe.reference, recipe.build, recipe.dockerfile, arguments, code,
                      recipe.requirements)]
    return [*steps, *([_test(recipe)] if test else [])]


def test_reference(recipe: Recipe) -> str:
    """The name of an image with pytest in it."""
    return f"{recipe.reference}-test"


def _on_a_base(reference: str, content: str, below: Framework, code: Mapping[str, bytes]) -> Step:
    arguments = {"REQUIREMENTS": list(below.requirements)[-1]}
    if below.facts.data:
        arguments["DATA"] = " ".join(below.facts.data)
    return Step(reference, content, below.dockerfile, arguments, code, below.requirements, below)


def _test(recipe: Recipe) -> Step:
    major = recipe.framework.facts.python.split(".")[0]
    path = f"containers/test/requirements-py{major}.txt"
    dockerfile, text = frameworks.read("containers/test/Dockerfile"), frameworks.read(path)
    content = digest([recipe.build, dockerfile, text])
    arguments = {"IMAGE": recipe.reference, "REQUIREMENTS": path}
    return Step(test_reference(recipe), content, dockerfile, arguments, requirements={path: text})
