"""An iteration of training: one step of the generator, then five of the discriminator."""

import chainer
import numpy as np
from chainer.backends import cuda

from sources.contract import models
from sources.contract.batches import random_at

from . import device as devices
from . import losses, model
from .networks import Discriminator, Generator
from .optimizer import Adam

_INITIAL, _STEP, _PREVIEW = 1, 2, 3  # streams of random numbers


class Trainer(object):
    """Both networks and their optimizers. State is a dict of arrays; random numbers come from (seed, step)."""

    def __init__(self, settings, resolution, seed, device):
        self.settings, self.seed, self.device = settings, seed, device
        np.random.seed(random_at(seed, _INITIAL, 0).randint(2 ** 31))  # Chainer's initialisers draw from this one
        self.generator = Generator(resolution, settings.width, settings.latent_size, settings.classes,
                                   settings.bottom_width)
        self.discriminator = Discriminator(resolution, settings.width, settings.classes)
        for network in self._networks().values():
            devices.place(network, device)
        self._xp = cuda.cupy if device == "cuda" else np
        self._optimizers = dict((name, self._optimizer(network)) for name, network in self._networks().items())

    def images_in(self, number):
        """Real images that iteration `number` takes."""
        return self.settings.minibatch * self.settings.discriminator_steps

    def step(self, number, batches):
        """Do iteration `number` (from 0); returns the last losses, 0-d arrays."""
        for optimizer in self._optimizers.values():
            optimizer.hyperparam.alpha = self.alpha(number)
        steps = self.settings.discriminator_steps
        generator_loss = self._generator_step(random_at(self.seed, _STEP, number * (steps + 1)))
        self.generator.fix()
        for step in range(steps):
            random = random_at(self.seed, _STEP, number * (steps + 1) + 1 + step)
            discriminator_loss = self._discriminator_step(random, batches[number * steps + step])
        self.generator.fix(False)
        return {"generator": generator_loss, "discriminator": discriminator_loss}

    def alpha(self, number):
        """Adam's step size in iteration `number`: constant, then on a line to 0."""
        first, last = self.settings.decay_from, self.settings.iterations
        if number <= first:
            return self.settings.alpha
        return self.settings.alpha * (1 - float(number - first) / (last - first))

    def preview(self, count):
        """uint8 images (count, R, R, 3) of latents that are always the same."""
        latents = self._latents(random_at(self.seed, _PREVIEW, 0), count)
        with chainer.using_config("train", False), chainer.no_backprop_mode():
            images = np.asarray(cuda.to_cpu(self.generator(latents).array))
        return model.to_uint8(images, "round")

    def weights(self):
        """{name: array} of both networks."""
        return dict(("%s/%s" % (name, key), value) for name, network in self._networks().items()
                    for key, value in model.save(network).items())

    def state(self):
        """{name: array}: everything needed to continue."""
        state = self.weights()
        for name, optimizer in self._optimizers.items():
            state.update(("adam/%s/%s" % (name, key), value) for key, value in model.save(optimizer).items())
        return state

    def restore(self, state):
        """Continue from what `state` returned."""
        for name, network in self._networks().items():
            network.to_cpu()
            model.load(network, models.part(state, name))
            devices.place(network, self.device)
            model.load(self._optimizers[name], models.part(state, "adam/" + name))

    def _networks(self):
        return {"generator": self.generator, "discriminator": self.discriminator}

    def _optimizer(self, network):
        optimizer = Adam(self.settings.alpha, self.settings.beta1, self.settings.beta2)
        optimizer.setup(network)
        return optimizer

    def _generator_step(self, random):
        self.discriminator.fix()
        fake = self.discriminator(self.generator(self._latents(random, self.settings.minibatch)))
        self.discriminator.fix(False)
        loss = losses.generator_loss(fake)
        self._update("generator", loss)
        return loss.array

    def _discriminator_step(self, random, batch):
        real = self.discriminator(self._real(random, batch))
        with chainer.no_backprop_mode():
            images = self.generator(self._latents(random, len(batch)))
        loss = losses.discriminator_loss(real, self.discriminator(images.array))
        self._update("discriminator", loss)
        return loss.array

    def _update(self, name, loss):
        self._networks()[name].cleargrads()
        loss.backward()
        self._optimizers[name].update()

    def _latents(self, random, count):
        return self._xp.asarray(random.randn(count, self.settings.latent_size).astype(np.float32))

    def _real(self, random, batch):
        """uint8 (N, R, R, 3) as float32 (N, 3, R, R) in [-1, 1): each value spread evenly over its 128th."""
        values = batch.transpose(0, 3, 1, 2).astype(np.float32) / 128 - 1
        noise = random.uniform(0, 1.0 / 128, values.shape).astype(np.float32)
        return self._xp.asarray(values + noise)
