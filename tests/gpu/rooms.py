"""The rooms at work, for tests/gpu/measure.py: each at its published size, or small. Python 2.7 and 3.

Each function takes (device, precision, small) and returns a Work.
"""

from collections import namedtuple
from functools import partial

import numpy as np

from sources.contract import models
from sources.contract.batches import Batches

# new_trainer: function () -> a trainer, always the same. batches: what it reads. step: the number of a step at which
# all layers are in use. new_maker: function {name: array} of weights -> (images_of, finish, compute): images_of() gives
# an array of so many images as they are made, or what is said of them; finish(that) the images, or scores; compute()
# does what of it the framework does.
Work = namedtuple("Work", "new_trainer batches step new_maker")
LABELS = ["real", "ProGAN", "SNGAN", "CramerGAN", "MMDGAN"]


def images(side, count=256):
    """uint8 (count, side, side, 3), random."""
    return np.random.RandomState(0).randint(0, 256, (count, side, side, 3)).astype(np.uint8)


def progan(device, precision, small):
    from sources.progan import device as devices
    from sources.progan import generate, model, networks, settings
    from sources.progan.trainer import Trainer

    chosen = settings.PUBLISHED._replace(precision=precision)
    tiny = chosen._replace(fmap_base=32, fmap_max=8, latent_size=8, minibatch=4)
    chosen, side = (tiny, 16) if small else (chosen, 128)
    latents = np.random.RandomState(0).randn(model.BLOCK, chosen.latent_size).astype(np.float32)

    def maker(weights):
        network, average = settings.network_of(chosen, side), models.part(weights, "generator_average")
        images_of, _ = generate._compile(network, average, device)
        return lambda: images_of(latents), model.to_uint8, lambda: networks.generator(network, average, latents, 0, 0.0)

    devices.choose(device, precision)
    return Work(lambda: Trainer(chosen, side, 0, device), Batches(images(side), chosen.minibatch, 0),
                chosen.steps - 1, maker)


def cramergan(device, precision, small):
    from sources.cramer_mmd import cramergan as gan

    return _critic(gan, device, precision, small)


def mmdgan(device, precision, small):
    from sources.cramer_mmd import mmdgan as gan

    return _critic(gan, device, precision, small)


def _critic(gan, device, precision, small):
    from sources.cramer_mmd import device as devices
    from sources.cramer_mmd import generate
    from sources.cramer_mmd.model import to_uint8
    from sources.cramer_mmd.trainer import Trainer

    chosen = gan.PUBLISHED._replace(precision=precision)
    tiny = chosen._replace(generator_width=2, discriminator_width=2, minibatch=4)
    chosen, side = (tiny, 32) if small else (chosen, 128)
    latents = np.random.RandomState(0).uniform(-1, 1, (chosen.minibatch, chosen.latent_size)).astype(np.float32)

    def maker(weights):
        images_of, _ = generate._load(models.part(weights, "generator"), device)
        return lambda: images_of(latents), partial(to_uint8, quantize="published"), lambda: images_of(latents)

    place = devices.choose(device, precision)
    return Work(lambda: Trainer(chosen, side, 0, place, gan), Batches(images(side), chosen.minibatch, 0), 100001, maker)


def sngan(device, precision, small):
    from sources.sngan import device as devices
    from sources.sngan import generate, model, settings
    from sources.sngan.trainer import Trainer

    chosen = settings.PUBLISHED._replace(precision=precision)
    chosen, side = (chosen._replace(width=2, minibatch=4), 32) if small else (chosen, 128)
    latents = np.random.RandomState(0).randn(model.BLOCK, chosen.latent_size).astype(np.float32)

    def maker(weights):
        description = {"size": side, "settings": chosen._asdict()}
        images_of, _ = generate._load(description, models.part(weights, "generator"), device)
        return lambda: images_of(latents), partial(model.to_uint8, quantize="published"), lambda: images_of(latents)

    place = devices.choose(device)
    return Work(lambda: Trainer(chosen, side, 0, place), Batches(images(side), chosen.minibatch, 0), 100001, maker)


def attribution(device, precision, small):
    from attribution import device as devices
    from attribution import feeding, inference_tensorflow, settings, trainers

    chosen = settings.PUBLISHED["classifier"]._replace(precision=precision)
    chosen, side = (chosen._replace(fmap_base=32, fmap_max=8, minibatch=5), 16) if small else (chosen, 128)
    parts = [images(side, 64) for _ in LABELS]

    def maker(weights):
        description = {"architecture": "classifier", "settings": chosen._asdict(), "resolution": side,
                       "labels": LABELS}
        network = inference_tensorflow.Network(description, weights)
        block = parts[0][:feeding.BLOCK]
        return (lambda: network.compute(block)["scores"]), np.asarray, lambda: network.graph(block)

    devices.choose(device, precision)
    return Work(lambda: trainers.new(chosen, side, 0, device, len(LABELS)),
                feeding.BalancedBatches(parts, chosen.minibatch, 0, chosen.mirror), 1, maker)
