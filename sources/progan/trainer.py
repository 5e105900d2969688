"""The state of a training, G, D, Gs and their optimisers, and what one step does to it."""

import functools

import numpy as np
import tensorflow as tf

from sources.contract.batches import random_at

from . import device as devices
from . import losses, networks, variables
from .model import to_uint8
from .optimizer import Adam
from .schedule import lod_at, same_layers
from .settings import network_of

_FIRST, _FOR_DISCRIMINATOR, _FOR_GENERATOR, _PREVIEW = 1, 2, 3, 4  # streams of random numbers


class Trainer:
    """One training; every random number comes from `seed` and the number of a step.

    lod: the level of detail of the last step, or of the first one before there was any.
    """

    def __init__(self, settings, resolution, seed, device):
        self.settings, self.seed, self.device = settings, seed, device
        self.network = network = network_of(settings, resolution)
        self.lod = lod_at(0, settings, network)
        random = random_at(seed, _FIRST, 0)
        self.generator = _variables(variables.generator_shapes(network), network, random)
        self.discriminator = _variables(variables.discriminator_shapes(network), network, random)
        self.average = {name: tf.Variable(value) for name, value in self.generator.items()}
        adam = (settings.learning_rate, settings.beta1, settings.beta2, settings.epsilon)
        self.generator_adam = Adam(self.generator, *adam)
        self.discriminator_adam = Adam(self.discriminator, *adam)
        self._level = functools.lru_cache(maxsize=1)(functools.partial(_Level, self))

    def images_in(self, number):
        """Images that step `number` takes."""
        return self.settings.minibatch

    def step(self, number, batches):
        """The discriminator on uint8 batches[number], then the generator. Returns the losses."""
        self._grow(lod_at(number, self.settings, self.network))
        level, fade = networks.split_lod(self.network, self.lod)
        graphs, reals = self._level(level), batches[number]
        random = random_at(self.seed, _FOR_DISCRIMINATOR, number)
        latents = self._latents(random)
        mixing = random.uniform(size=(len(reals), 1, 1, 1)).astype("float32")
        discriminator_loss = graphs.train_discriminator(reals, latents, mixing, fade)
        generator_loss = graphs.train_generator(self._latents(random_at(self.seed, _FOR_GENERATOR, number)), fade)
        return {"discriminator": discriminator_loss, "generator": generator_loss}

    def bring(self, batch):
        """A batch where the networks are."""
        return devices.bring(batch, self.device)

    def preview(self, count):
        """uint8 images (count, R, R, 3) of the average, of latents that are always the same."""
        latents = random_at(self.seed, _PREVIEW, 0).standard_normal((count, self.settings.latent_size))
        level, fade = networks.split_lod(self.network, self.lod)
        return to_uint8(networks.generator(
            self.network, self.average, latents.astype("float32"), level, fade).numpy())

    def weights(self):
        """{name: array}: generator/..., discriminator/..., generator_average/..., with `lod`."""
        return {"%s/%s" % (part, name): value for part, values in self._parts().items()
                for name, value in dict(_arrays(values), lod=self.lod).items()}

    def state(self):
        """Everything a later process needs to go on, {name: array}."""
        return dict(_arrays(self._state_variables()), lod=self.lod)

    def restore(self, state):
        """Go on from what `state` returned."""
        self.lod = np.float32(state["lod"])
        for key, variable in self._state_variables().items():
            variable.assign(state[key])

    def _grow(self, lod):
        if not same_layers(lod, self.lod):
            self.generator_adam.reset()
            self.discriminator_adam.reset()
        self.lod = lod

    def _latents(self, random):
        return random.standard_normal((self.settings.minibatch, self.settings.latent_size)).astype("float32")

    def _parts(self):
        return {"generator": self.generator, "discriminator": self.discriminator,
                "generator_average": self.average}

    def _state_variables(self):
        parts = dict(self._parts(), generator_adam=self.generator_adam.state,
                     discriminator_adam=self.discriminator_adam.state)
        return {"%s/%s" % (part, name): variable
                for part, values in parts.items() for name, variable in values.items()}


class _Level:
    """The two halves of a step, compiled for one whole level of detail; what fades in is an input."""

    def __init__(self, trainer, level):
        self.trainer, self.level = trainer, level
        self.train_discriminator = tf.function(self._train_discriminator)
        self.train_generator = tf.function(self._train_generator)

    def _train_discriminator(self, reals, latents, mixing, fade):
        trainer, settings = self.trainer, self.trainer.settings
        reals = real_images(reals, self.level, fade)
        fakes = self._fakes(latents, fade)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses.discriminator_loss(
                self._critic(fade), reals, fakes, mixing, settings.penalty, settings.drift))
        trainer.discriminator_adam.apply(tape.gradient(loss, trainer.discriminator))
        for name, average in trainer.average.items():
            current = trainer.generator[name]
            average.assign(current + (average - current) * settings.average)
        return loss

    def _train_generator(self, latents, fade):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses.generator_loss(self._critic(fade), self._fakes(latents, fade)))
        self.trainer.generator_adam.apply(tape.gradient(loss, self.trainer.generator))
        return loss

    def _fakes(self, latents, fade):
        trainer = self.trainer
        return networks.generator(trainer.network, trainer.generator, latents, self.level, fade,
                                  trainer.settings.precision)

    def _critic(self, fade):
        network, weights = self.trainer.network, self.trainer.discriminator
        precision = self.trainer.settings.precision
        return lambda images: networks.discriminator(network, weights, images, self.level, fade, precision)[0][:, 0]


def real_images(images, level, fade):
    """What the discriminator sees of uint8 images (N, R, R, 3): float32 in [-1, 1], full size.

    At a level of detail they are reduced to R / 2^level, mixed with their own next lower resolution
    as the networks are, and enlarged again, so that growing teaches the discriminator nothing by
    sharpness alone.
    """
    values = tf.cast(images, tf.float32) * (2 / 255) - 1
    values = networks.downscale(values, 2 ** level)
    lower = networks.upscale(networks.downscale(values, 2), 2)
    return networks.upscale(values + (lower - values) * fade, 2 ** level)


def _variables(shapes, network, random):
    values = variables.initial(shapes, network.use_wscale, random)
    return {name: tf.Variable(value) for name, value in values.items() if name != "lod"}


def _arrays(values):
    return {name: value.numpy() for name, value in values.items()}
