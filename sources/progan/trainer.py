"""The state of a training, G, D, Gs and their optimisers, and what one step does to it."""

import functools

import numpy as np
import tensorflow as tf

from sources.contract.batches import random_at

from . import device as devices
from . import losses, networks, variables
from .layout import Layout
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
        self.generator_layout, self.generator = _first(variables.generator_shapes(network), network, random)
        self.discriminator_layout, self.discriminator = _first(
            variables.discriminator_shapes(network), network, random)
        self.average = tf.Variable(self.generator)
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
        reals, random = batches[number], random_at(self.seed, _FOR_DISCRIMINATOR, number)
        latents = self._latents(random)
        mixing = random.uniform(size=(len(reals), 1, 1, 1)).astype("float32")
        others = self._latents(random_at(self.seed, _FOR_GENERATOR, number))
        discriminator_loss, generator_loss = self._level(level).step(reals, latents, mixing, others, fade)
        return {"discriminator": discriminator_loss, "generator": generator_loss}

    def bring(self, batch):
        """A batch where the networks are."""
        return devices.bring(batch, self.device)

    def preview(self, count):
        """uint8 images (count, R, R, 3) of the average, of latents that are always the same."""
        latents = random_at(self.seed, _PREVIEW, 0).standard_normal((count, self.settings.latent_size))
        level, fade = networks.split_lod(self.network, self.lod)
        average = self.generator_layout.tensors(self.average)
        return to_uint8(networks.generator(self.network, average, latents.astype("float32"), level, fade).numpy())

    def weights(self):
        """{name: array}: generator/..., discriminator/..., generator_average/..., with `lod`."""
        return dict(_arrays(self._networks()), **{part + "lod": self.lod for part in self._networks()})

    def state(self):
        """Everything a later process needs to go on, {name: array}."""
        powers = {name: power.numpy() for name, power in self._powers().items()}
        return dict(_arrays(self._vectors()), lod=self.lod, **powers)

    def restore(self, state):
        """Go on from what `state` returned."""
        self.lod = np.float32(state["lod"])
        for part, (layout, vector) in self._vectors().items():
            vector.assign(layout.vector(state, part))
        for name, power in self._powers().items():
            power.assign(state[name])

    def _grow(self, lod):
        if not same_layers(lod, self.lod):
            self.generator_adam.reset()
            self.discriminator_adam.reset()
        self.lod = lod

    def _latents(self, random):
        return random.standard_normal((self.settings.minibatch, self.settings.latent_size)).astype("float32")

    def _networks(self):
        """{beginning of names: (layout, tf.Variable)}."""
        return {"generator/": (self.generator_layout, self.generator),
                "discriminator/": (self.discriminator_layout, self.discriminator),
                "generator_average/": (self.generator_layout, self.average)}

    def _vectors(self):
        """Those of the optimisers too."""
        moments = {"%s/%s/" % (part, name): (layout, moment)
                   for part, layout, adam in self._optimisers()
                   for name, moment in (("m", adam.m), ("v", adam.v))}
        return dict(self._networks(), **moments)

    def _powers(self):
        return {"%s/%s" % (part, name): power for part, _, adam in self._optimisers()
                for name, power in (("power1", adam.power1), ("power2", adam.power2))}

    def _optimisers(self):
        return (("generator_adam", self.generator_layout, self.generator_adam),
                ("discriminator_adam", self.discriminator_layout, self.discriminator_adam))


class _Level:
    """A step, compiled for one whole level of detail; what fades in is an input."""

    def __init__(self, trainer, level):
        self.trainer, self.level = trainer, level
        self.step = tf.function(self._step, autograph=False)

    def _step(self, reals, latents, mixing, others, fade):
        """Losses of the discriminator on reals and images of `latents`, and of the generator on those of `others`."""
        return self._train_discriminator(reals, latents, mixing, fade), self._train_generator(others, fade)

    def _train_discriminator(self, reals, latents, mixing, fade):
        trainer, settings = self.trainer, self.trainer.settings
        reals, fakes = real_images(reals, self.level, fade), self._fakes(latents, fade)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses.discriminator_loss(
                self._critic(fade), reals, fakes, mixing, settings.penalty, settings.drift))
        trainer.discriminator_adam.apply(tape.gradient(loss, trainer.discriminator))
        current = tf.convert_to_tensor(trainer.generator)
        trainer.average.assign(current + (trainer.average - current) * settings.average)
        return loss

    def _train_generator(self, latents, fade):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses.generator_loss(self._critic(fade), self._fakes(latents, fade)))
        self.trainer.generator_adam.apply(tape.gradient(loss, self.trainer.generator))
        return loss

    def _fakes(self, latents, fade):
        trainer = self.trainer
        weights = networks.with_kernels(trainer.network, trainer.generator_layout.tensors(trainer.generator))
        return networks.generator(trainer.network, weights, latents, self.level, fade, trainer.settings.precision)

    def _critic(self, fade):
        """What the losses ask for scores.

        Kernels are made ready once for each call, not for all: a weight that got three gradients would have them
        added up in an order that differs from run to run (TensorFlow takes apart what adds more than two).
        """
        trainer, layout = self.trainer, self.trainer.discriminator_layout

        def scores(*batches):
            weights = networks.with_kernels(trainer.network, layout.tensors(trainer.discriminator))
            found, _ = networks.discriminator(trainer.network, weights, tf.concat(batches, 0), self.level, fade,
                                              trainer.settings.precision, len(batches))
            return tf.split(found[:, 0], len(batches))

        return scores


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


def _first(shapes, network, random):
    """(layout, tf.Variable with the first values) of what is trained of a network."""
    values = variables.initial(shapes, network.use_wscale, random)
    del values["lod"]
    layout = Layout({name: value.shape for name, value in values.items()})
    return layout, tf.Variable(layout.vector(values))


def _arrays(vectors):
    return {name: array for part, (layout, vector) in vectors.items()
            for name, array in layout.arrays(vector.numpy(), part).items()}
