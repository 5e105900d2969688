"""The example of a fifth source: its manifest, and that it learns what it says it learns."""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from examples.fifth_gan import eigenimages
from orchestration import manifest, plan
from sources.contract import imagesets, models

FOLDER = Path(__file__).resolve().parents[2] / "examples/fifth_gan"


def test_the_manifest_expands_to_stages_of_an_image_built_elsewhere():
    study = plan.expand(manifest.read(FOLDER / "manifest.yaml"))
    stages = {stage.name: stage for stage in study.stages}
    train, generate = stages["Eigenimages/train"], stages["Eigenimages/generate"]
    assert {train.image, generate.image} == {"somebody/eigenimages"}
    assert train.config == {"steps": 2000} and train.command[0] == "train"
    assert "Eigenimages/train" in generate.inputs.values()
    assert any("Eigenimages=" in word for word in stages["classifier/train"].command)


def test_the_readme_shows_the_entry_of_the_manifest():
    blocks = re.findall(r"```yaml\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
    entry = blocks[0].removeprefix("sources:\n")
    assert entry in (FOLDER / "manifest.yaml").read_text()


def test_the_example_is_small():
    assert len((FOLDER / "eigenimages.py").read_text().splitlines()) < 150


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model of images with two known components: (weights, mean, components, variances)."""
    folder = tmp_path_factory.mktemp("known")
    random = np.random.RandomState(0)
    components = np.linalg.qr(random.randn(192, 2))[0].T
    latents = random.randn(4000, 2) * (2.0, 1.0)
    values = 0.1 + latents @ components
    pixels = np.clip(np.rint(values * 127.5 + 127.5), 0, 255).astype(np.uint8).reshape(4000, 8, 8, 3)
    with imagesets.Writer(str(folder / "images"), 4000, 8) as writer:
        writer.append(pixels)
        writer.finish("", {}, {})
    (folder / "config.json").write_text('{"components": 2, "steps": 1000, "learning_rate": 1.0}')
    eigenimages.train(SimpleNamespace(images=str(folder / "images"), out=str(folder / "model"), seed=0, device="auto",
                                      subset=None, config=str(folder / "config.json")))
    return models.read(str(folder / "model"), "Eigenimages")[1], components


def test_it_finds_the_components_the_mean_and_the_variances(trained):
    weights, components = trained
    overlap = weights["components"] @ components.T
    assert np.allclose(np.linalg.svd(overlap)[1], 1, atol=1e-3)
    assert np.allclose(weights["mean"], 0.1, atol=0.02)
    assert weights["variances"].sum() == pytest.approx(5.0, rel=0.05)


def test_components_are_orthonormal(trained):
    weights, _ = trained
    assert np.allclose(weights["components"] @ weights["components"].T, np.eye(2), atol=1e-5)


def test_latents_of_zero_give_the_mean(trained):
    weights, _ = trained
    image = eigenimages._to_uint8(eigenimages._images(weights, np.zeros((1, 2), np.float32), 8))
    assert np.array_equal(image.ravel(), np.rint(weights["mean"] * 127.5 + 127.5).astype(np.uint8))
