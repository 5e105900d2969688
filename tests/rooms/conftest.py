"""The images in which the rooms' tests run."""

import pytest

from orchestration import images, recipes


@pytest.fixture
def test_image(docker_engine):
    """A function: name of an image of containers/ -> reference of the built image with pytest in it."""
    def build(name):
        images.build(docker_engine.client, [(name, "cpu")], lambda event: print(event["message"]), target="test")
        return images.tag(recipes.recipe(name, "cpu"), "test")

    return build
