"""Which rows a training looks at, and for what: the numbers of rows are written into the images."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from attribution.baselines import eigenface, knn, passes, prnu
from attribution.baselines.train import train
from sources.contract import imagesets, models
from tests.baselines.learning import learn

TRAIN, VALIDATION, TEST = 12, 5, 4
CHOOSING = {  # the work that sees rows for validation
    "knn": {"choose"}, "eigenface": {"look"}, "prnu": {"judge", "look"}}
METHODS = {"knn": knn, "eigenface": eigenface, "prnu": prnu}


def numbered(label, count=TRAIN + VALIDATION + TEST):
    """uint8 (count, 16, 16, 3): noise, but the first two values are the row and the label."""
    images = np.random.RandomState(label).randint(0, 256, (count, 16, 16, 3)).astype(np.uint8)
    images[:, 0, 0, 0], images[:, 0, 0, 1] = np.arange(count), label
    return images


@pytest.fixture
def run(tmp_path):
    """Train a method on two numbered sets; the folder of its model."""
    def call(name, **settings):
        sets = []
        for label, set_name in enumerate(("real", "A")):
            folder = tmp_path / set_name
            if not folder.exists():
                with imagesets.Writer(str(folder), TRAIN + VALIDATION + TEST, 16) as writer:
                    writer.append(numbered(label))
                    writer.finish("test", {}, {})
            sets.append((set_name, str(folder)))
        config = tmp_path / "config.json"
        config.write_text(json.dumps(settings))
        out = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        train(SimpleNamespace(method=METHODS[name], images=sets, train=TRAIN, validation=VALIDATION,
                              seed=0, config=str(config), out=str(out), device="cpu"))
        return out
    return call


@pytest.mark.parametrize("name", METHODS)
def test_every_work_sees_its_own_rows_and_no_test_row(name, run, monkeypatch):
    seen = {}
    step = passes.Trainer.step

    def follow(self, number, batches):
        block = batches[number]
        rows = seen.setdefault(block.work, set())
        rows |= {(int(image[0, 0, 1]), int(image[0, 0, 0])) for image in block.images}
        return step(self, number, {number: block})
    monkeypatch.setattr(passes.Trainer, "step", follow)
    run(name, batch=4)
    validation = {(label, row) for label in range(2) for row in range(TRAIN, TRAIN + VALIDATION)}
    training = {(label, row) for label in range(2) for row in range(TRAIN)}
    assert CHOOSING[name] <= set(seen)
    for work, rows in seen.items():
        assert rows == (validation if work in CHOOSING[name] else training if rows else set()), work


def test_k_is_chosen_by_the_validation_rows_alone():
    """One neighbour is best if validation images are copies of training ones; else many are."""
    random = np.random.RandomState(0)
    parts = [random.randint(0, 256, (30, 8, 8, 3)).astype(np.uint8) for _ in range(2)]
    others = [random.randint(0, 256, (30, 8, 8, 3)).astype(np.uint8) for _ in range(2)]
    copies = learn(knn, parts, parts, k=(31, 1))
    assert copies.weights()["k"] == 1
    swapped = learn(knn, parts, parts[::-1], k=(31, 1))  # one neighbour is always wrong there
    assert swapped.weights()["k"] == 31
    assert learn(knn, parts, others, k=(1,)).weights()["k"] == 1


@pytest.mark.parametrize(("name", "works"), [
    ("knn", {"measure": 3}), ("eigenface", {"learn": 4, "decompose": 2}),
    ("prnu", {"search": 2, "average": 5})])
def test_no_more_images_of_each_label_than_the_settings_say(name, works):
    sets = SimpleNamespace(train=[numbered(0), numbered(1)], validation=[numbered(0), numbered(1)],
                           resolution=16)
    settings = {"knn": {"references": 6}, "eigenface": {"images": 8, "pca_images": 4},
                "prnu": {"search_images": 2, "images": 5}}[name]
    method = METHODS[name]
    plan = method.plan(method.Settings()._replace(batch=2, **settings), sets)
    for work, count in works.items():
        assert sum(len(np.array(block.images)) for block in plan if block.work == work) == 2 * count


def test_one_candidate_needs_no_search(run):
    run("prnu", levels=[1], sigma=[5])
    sets = SimpleNamespace(train=[numbered(0)], validation=[numbered(1)], resolution=16)
    plan = prnu.plan(prnu.Settings(levels=(1,), sigma=(5.0,)), sets)
    assert {block.work for block in plan} == {"average", "look"}


def test_labels_and_settings_are_in_the_model(run):
    description, weights = models.read(str(run("knn", k=[3, 1])), "kNN")
    assert description["labels"] == ["real", "A"] and description["resolution"] == 16
    assert description["settings"]["k"] == [3, 1] and weights["k"] in (1, 3)
    assert weights["references"].dtype == np.uint8 and len(weights["references"]) == 2 * TRAIN
