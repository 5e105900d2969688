"""Our methods' images, and a method made elsewhere, put through the conformance test."""

from pathlib import Path

import pytest

from orchestration import images
from orchestration.images import build
from tests.conformance import methods
from tests.conformance.callers import Container
from tests.conformance.method_trial import MethodTrial
from tests.conformance.trial import NotConforming

REPOSITORY = Path(__file__).resolve().parents[2]
TINY = {"fmap_base": 64, "fmap_max": 8, "minibatch": 8, "images": 1600, "validate_every": 50,
        "checkpoint_every": 50}

pytestmark = pytest.mark.docker


def put_through(image, folder, config):
    """Every complaint of the conformance test about an image."""
    trial, complaints = MethodTrial(Container(image), folder, config), []
    for check in methods.CHECKS:
        try:
            check(trial)
        except NotConforming as error:
            complaints.append(f"{check.__name__}: {error}")
    return complaints


def test_a_method_made_elsewhere_conforms(docker_engine, tmp_path):
    base, tag = images.recipe("real", "cpu"), "somebody/spectra"
    build.build(docker_engine.client, [base], lambda event: None)
    docker_engine.client.images.build(
        path=str(REPOSITORY), dockerfile="examples/own_method/Dockerfile", tag=tag,
        buildargs={"BASE": base.reference}, rm=True, forcerm=True)
    assert put_through(tag, tmp_path, {"steps": 1000, "batch": 8}) == []


@pytest.mark.campaign
def test_our_image_conforms(docker_engine, tmp_path):
    """As the classifier; with {"network": "visnet"} it takes as long again, by hand."""
    ours = images.recipe("attribution", "cpu")
    build.build(docker_engine.client, [ours], lambda event: None)
    assert put_through(ours.reference, tmp_path, TINY) == []


@pytest.mark.parametrize(("image", "settings"), [
    ("prnu", {"batch": 4}),
    pytest.param("knn", {"batch": 1}, marks=pytest.mark.campaign),
    pytest.param("eigenface", {"batch": 1}, marks=pytest.mark.campaign),
    pytest.param("eigenface", {"batch": 1, "classifier": "svm"}, marks=pytest.mark.campaign),
    pytest.param("prnu", {"batch": 4, "cleanup": "plain"}, marks=pytest.mark.campaign)])
def test_our_baselines_conform(image, settings, docker_engine, tmp_path):
    ours = images.recipe(image, "cpu")
    build.build(docker_engine.client, [ours], lambda event: None)
    assert put_through(ours.reference, tmp_path, {**settings, "checkpoint_every": 1}) == []
