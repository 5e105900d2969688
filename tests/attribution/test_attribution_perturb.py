"""The verb perturb: a set whose rows stay at their places, and say what happened to them."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from attribution import perturb as verb
from attribution import perturbations
from sources.contract import imagesets
from sources.contract.errors import BadInput, Stopped
from tests.attribution.conftest import write_set

COUNT = 150  # more than two blocks


@pytest.fixture
def original(tmp_path):
    """The folder of an image set."""
    images = np.random.RandomState(1).randint(0, 256, (COUNT, 8, 8, 3)).astype(np.uint8)
    return write_set(tmp_path / "original", images)


@pytest.fixture
def perturb(tmp_path, original):
    """Perturb that set; returns the ImageSet written."""
    def call(name, first=0, count=None, seed=3, **settings):
        config = tmp_path / f"{name}.json"
        config.write_text(json.dumps(settings))
        verb.perturb(SimpleNamespace(images=original, config=str(config), first=first, count=count,
                                     seed=seed, out=str(tmp_path / name)))
        return imagesets.read(str(tmp_path / name))
    return call


def test_each_row_stays_at_its_place(perturb, original):
    settings, before = perturbations.Settings("noise"), imagesets.read(original).images
    found = perturb("noisy", kind="noise")
    for place in (0, 63, 64, COUNT - 1):
        expected = perturbations.perturb(before[place], place, 3, settings)
        np.testing.assert_array_equal(found.images[place], expected)


def test_some_rows_are_those_of_the_whole(perturb):
    whole = perturb("whole")
    part = perturb("part", first=70, count=40)
    np.testing.assert_array_equal(part.images, whole.images[70:110])
    np.testing.assert_array_equal(perturb("rest", first=140).images, whole.images[140:])


@pytest.mark.parametrize("kind", [*perturbations.ORDER, "combination"])
def test_strength_zero_gives_the_same_images(perturb, original, kind):
    found = perturb("same", kind=kind, strength=0.0)
    assert found.index["sha256"] == imagesets.read(original).index["sha256"]


def test_the_index_says_what_was_done(perturb, original):
    index = perturb("blurred", kind="blur", first=5, count=2).index
    assert index["source"]["architecture"] == "original"
    assert index["source"]["perturbation"] == {
        "settings": {**perturbations.Settings("blur")._asdict()}, "seed": 3, "first": 5,
        "sha256": imagesets.read(original).index["sha256"]}
    assert index["value_range"] == "perturbed, then rounded; before: test"
    assert {"numpy", "pillow"} <= set(index["made_by"]["versions"])


def test_a_stopped_run_goes_on_where_it_was(perturb, monkeypatch, tmp_path):
    whole, calls, real = perturb("undisturbed"), [], perturbations.perturb

    def counted(*words):
        calls.append(words)
        if len(calls) == 100:
            raise Stopped("here")
        return real(*words)
    monkeypatch.setattr(perturbations, "perturb", counted)
    with pytest.raises(Stopped):
        perturb("stopped")
    calls.clear()
    monkeypatch.setattr(perturbations, "perturb",
                        lambda *words: calls.append(words) or real(*words))
    assert perturb("stopped").index["sha256"] == whole.index["sha256"]
    assert [number for _, number, _, _ in calls] == list(range(64, COUNT))


def test_another_seed_makes_a_stopped_set_anew(perturb, tmp_path):
    with imagesets.Writer(str(tmp_path / "other"), COUNT, 8, {"seed": 4}) as writer:
        writer.append(np.zeros((64, 8, 8, 3), np.uint8))
    assert perturb("other").index["sha256"] == perturb("fresh").index["sha256"]


@pytest.mark.parametrize("first, count, words", [
    (COUNT, None, "has 150 images, 151 are needed"), (100, 51, "has 150 images, 151 are needed")])
def test_rows_that_are_not_there(perturb, first, count, words, tmp_path):
    with pytest.raises(BadInput, match=words):
        perturb("missing", first=first, count=count)
    assert not (tmp_path / "missing").exists()
