"""Every image of ours, and one made elsewhere, put through the conformance test in a Docker Engine."""

from pathlib import Path

import pytest

from orchestration import images
from orchestration.images import build
from tests.conformance import conformance
from tests.conformance.callers import Container
from tests.conformance.trial import NotConforming, Trial

REPOSITORY = Path(__file__).resolve().parents[2]
_CRITICS = {"generator_width": 4, "discriminator_width": 4, "features": 8, "rounds": 60, "minibatch": 4,
            "latent_size": 8, "discriminator_steps": 1, "first_discriminator_steps": 1, "checkpoint_every": 20,
            "preview_every": 20}
TINY = {
    "progan": {"fmap_base": 64, "fmap_max": 8, "latent_size": 8, "minibatch": 4, "total_kimg": 0.16,
               "stable_kimg": 0.02, "fade_kimg": 0.02, "checkpoint_every": 10, "preview_every": 20},
    "sngan": {"width": 4, "latent_size": 8, "minibatch": 4, "iterations": 40, "discriminator_steps": 1,
              "checkpoint_every": 10, "preview_every": 20},
    "cramergan": _CRITICS,
    "mmdgan": _CRITICS,
}

pytestmark = pytest.mark.docker


def put_through(image, folder, config, latent_size):
    """Every complaint of the conformance test about an image."""
    trial = Trial(Container(image), folder, config, latent_size=latent_size)
    complaints = []
    for check in conformance.CHECKS:
        try:
            check(trial)
        except NotConforming as error:
            complaints.append(f"{check.__name__}: {error}")
    return complaints


def test_an_image_made_elsewhere_conforms(docker_engine, tmp_path):
    build.build(docker_engine.client, [images.recipe("real", "cpu")], lambda event: None)
    tag = "somebody/eigenimages"
    docker_engine.client.images.build(path=str(REPOSITORY), dockerfile="examples/fifth_gan/Dockerfile", tag=tag,
                                      rm=True, forcerm=True)
    assert put_through(tag, tmp_path, {"steps": 1000, "components": 8}, latent_size=8) == []


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.campaign if name in ("progan", "cramergan") else pytest.mark.slow)
    for name in TINY])
def test_our_images_conform(name, docker_engine, tmp_path):
    recipe = images.recipe(name, "cpu")
    build.build(docker_engine.client, [recipe], lambda event: None)
    assert put_through(recipe.reference, tmp_path, TINY[name], latent_size=8) == []
