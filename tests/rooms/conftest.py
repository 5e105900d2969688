"""The images in which the rooms' tests run."""

import pytest

from orchestration import images
from orchestration.images import build, steps


@pytest.fixture
def test_image(docker_engine):
    """A function: name of an image -> reference of the built image with pytest in it."""
    def make(name):
        recipe = images.recipe(name, "cpu")
        build.build(docker_engine.client, [recipe], print, test=True)
        return steps.test_reference(recipe)

    return make
