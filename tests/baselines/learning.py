"""Methods trained in this process, on images that are made here."""

from types import SimpleNamespace

import numpy as np

from attribution.baselines import passes


def learn(method, train, validation, seed=0, **settings):
    """The Trainer of a method after all its steps.

    train, validation: uint8 (n, R, R, 3) by label.
    """
    sets = SimpleNamespace(train=train, validation=validation, resolution=train[0].shape[1])
    chosen = method.Settings()._replace(**settings)
    plan = method.plan(chosen, sets)
    trainer = method.Trainer(chosen, sets.resolution, seed, "cpu", len(train), plan)
    for number in range(len(plan)):
        trainer.step(number, passes.Reading(plan))
    return trainer


def said(method, trainer, images):
    """The label that a trained method gives every image."""
    return method.scorer(trainer.weights())(images)["scores"].argmax(axis=1)


def accuracy(method, trainer, parts):
    """How often that is the label of the images; parts: by label."""
    return np.mean([said(method, trainer, images) == label for label, images in enumerate(parts)])


def noise(random, count, mean, deviation=20, side=16):
    """uint8 (count, side, side, 3): independent Gaussian values around a number or an image."""
    values = mean + deviation * random.standard_normal((count, side, side, 3))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def split(images, *counts):
    """Consecutive parts of images."""
    return np.split(images[:sum(counts)], np.cumsum(counts)[:-1])
