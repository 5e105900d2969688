"""The accuracy that is measured while a network trains."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from attribution import openset, trainers, validation
from attribution.settings import Settings

SETTINGS = Settings(images=5, minibatch=1, validate_every=2)


class Mean:
    """A trainer whose network calls bright images 1 and dark ones 0, and whose loss is its step."""

    def __init__(self):
        self.restored = None

    def images_in(self, number):
        return 1

    def step(self, number, batches):
        return {"loss": float(number)}

    def logits(self, images):
        means = images.mean(axis=(1, 2, 3), dtype=np.float32)
        return tf.stack([128 - means, means - 128], axis=1)

    def features(self, images):
        return tf.cast(images[:, 0, 0, :1], tf.float32)

    def state(self):
        return {"weights/a": 3.0}

    def restore(self, state):
        self.restored = state["weights/a"]

    def weights(self):
        return {"a": 3.0}


@pytest.fixture
def validated(monkeypatch):
    """A trainer that is right about 5 of 8 images: 3 of 4 dark ones and 2 of 4 bright ones."""
    monkeypatch.setattr(trainers, "new", lambda *_: Mean())
    values = np.array([[0, 9, 90, 200], [0, 9, 150, 255]], np.uint8)
    parts = [np.tile(row[:, None, None, None], (1, 4, 4, 3)) for row in values]
    sets = SimpleNamespace(train=parts[:1], validation=parts)
    return validation.Validated(SETTINGS, 4, 0, "cpu", sets)


def test_it_is_measured_now_and_then_and_at_the_end(validated):
    found = [validated.step(number, None) for number in range(SETTINGS.steps)]
    assert found[0] == {"loss": 0.0}
    assert found[1] == {"loss": 1.0, "validation_accuracy": 5 / 8}
    assert all(losses["validation_accuracy"] == 5 / 8 for losses in found[1:])


def test_a_checkpoint_holds_the_last_measurement(validated):
    assert math.isnan(validated.state()["validation_accuracy"])
    validated.step(1, None)
    assert validated.state() == {"weights/a": 3.0, "validation_accuracy": 5 / 8}
    validated.restore({"weights/a": 4.0, "validation_accuracy": np.float64(0.25)})
    assert validated._trainer.restored == 4.0
    assert validated.step(2, None)["validation_accuracy"] == 0.25
    assert validated.weights()["a"] == 3.0 and validated.images_in(0) == 1


def test_the_threshold_is_that_of_validation_images_and_the_references_are_learnt_ones(validated):
    """Brightness is the only feature. Of these eight the sixth, 150, is farthest from a dark one but for 255."""
    assert validated.weights()[openset.REFERENCES].tolist() == [[0], [9], [90], [200]]
    unknown = validated.describe()["unknown"]
    assert (unknown["threshold"], unknown["kept"]) == (pytest.approx(-55, rel=2e-5), 0.95)  # 255 from 200; next is 150
