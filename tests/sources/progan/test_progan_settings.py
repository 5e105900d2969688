"""Settings of a training, and what is refused."""

import json

import pytest

from sources.contract.errors import BadInput
from sources.progan.settings import PUBLISHED, Network, network_of, read


def settings_of(tmp_path, resolution=32, **config):
    (tmp_path / "config.json").write_text(json.dumps(config))
    return read(str(tmp_path / "config.json"), resolution)


def test_without_a_file_they_are_the_published_ones():
    assert read(None, 128) == PUBLISHED and PUBLISHED.steps == 750000
    assert network_of(PUBLISHED, 128) == Network(128, latent_size=512)


def test_a_file_says_what_differs(tmp_path):
    settings = settings_of(tmp_path, fmap_base=256, total_kimg=1, fused_scale=False)
    assert settings == PUBLISHED._replace(fmap_base=256, total_kimg=1.0, fused_scale=False)
    assert settings.steps == 63  # the last step may show more images than are left


@pytest.mark.parametrize("config, complaint", [
    ({"minibatch": 6}, "multiple of 4"), ({"minibatch": 0}, "minibatch: expected a number above 0"),
    ({"stable_kimg": -1}, "stable_kimg: expected 0 or more"),
    ({"total_kimg": float("inf")}, "total_kimg"),
    ({"learning_rate": float("nan")}, "learning_rate"), ({"learning_rate": "fast"}, "learning_rate"),
    ({"fmap_base": 15}, "too small for 32 pixels"), ({"fmap_bas": 15}, "did you mean fmap_base")])
def test_settings_that_make_no_training(tmp_path, config, complaint):
    with pytest.raises(BadInput, match=complaint):
        settings_of(tmp_path, **config)


@pytest.mark.parametrize("minibatch", [1, 2, 3, 4, 8])
def test_a_minibatch_is_one_group_or_whole_groups(tmp_path, minibatch):
    assert settings_of(tmp_path, minibatch=minibatch).minibatch == minibatch


@pytest.mark.parametrize("resolution", [2, 24, 2048])
def test_resolutions_that_are_none(resolution):
    with pytest.raises(BadInput, match="power of two"):
        read(None, resolution)
