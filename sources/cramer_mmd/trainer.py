"""A round of training: so many steps of the discriminator, then one of the generator."""

import numpy as np
import torch

from sources.contract.batches import random_at

from . import losses, networks, variables
from .model import to_uint8
from .optimizer import Adam

_INITIAL, _GENERATOR, _DISCRIMINATOR, _PREVIEW = 1, 2, 3, 4  # streams of random numbers
_FIRST_ROUNDS, _EVERY_ROUND = 20, 500  # rounds with `first_discriminator_steps`


class Trainer:
    """Both networks and their optimizers; every random number comes from (seed, step).

    critic: the module `cramergan` or `mmdgan`.
    """

    def __init__(self, settings, resolution, seed, device, critic):
        self.settings, self.seed, self.device, self.critic = settings, seed, device, critic
        random = random_at(seed, _INITIAL, 0)
        self.generator = self._optimizer(variables.initial(
            variables.generator_shapes(resolution, settings.generator_width, settings.latent_size), random))
        self.discriminator = self._optimizer(variables.initial(
            variables.discriminator_shapes(resolution, settings.discriminator_width, settings.features), random,
            settings.discriminator_gain))

    def images_in(self, number):
        """Real images that round `number` takes."""
        return self.settings.minibatch * (self.steps_of(number) + 1)

    def step(self, number, batches):
        """Do round `number`; returns the last losses, tensors."""
        steps = self.steps_of(number)
        first = self._first_step(number)
        for step in range(first, first + steps):
            discriminator_loss = self._discriminator_step(step, batches[step])
        return {"discriminator": discriminator_loss,
                "generator": self._generator_step(first + steps, batches[first + steps])}

    def bring(self, array):
        """An array, or tensor, as one on the device. To a GPU from pinned memory: a copy that nothing waits for."""
        tensor = torch.as_tensor(array)
        if tensor.device.type == self.device.type:
            return tensor
        return tensor.pin_memory().to(self.device, non_blocking=True)

    def steps_of(self, number):
        """Steps of the discriminator in a round."""
        if number < _FIRST_ROUNDS or number % _EVERY_ROUND == 0:
            return self.settings.first_discriminator_steps
        return self.settings.discriminator_steps

    def preview(self, count):
        """uint8 images (count, R, R, 3) of latents that are always the same."""
        latents = self._latents(random_at(self.seed, _PREVIEW, 0), count)
        with torch.no_grad():
            images = networks.generator(self.generator.variables, latents)
        return to_uint8(images.cpu().numpy(), "round")

    def weights(self):
        """{name: array} of both networks."""
        return {"%s/%s" % (part, name): _array(value) for part, optimizer in self._parts()
                for name, value in optimizer.variables.items()}

    def state(self):
        """{name: array}: everything needed to continue."""
        state = self.weights()
        for part, optimizer in self._parts():
            state["adam/%s/count" % part] = np.array(optimizer.count)
            for kind in ("means", "squares"):
                state.update({"adam/%s/%s/%s" % (part, kind, name): _array(value)
                              for name, value in getattr(optimizer, kind).items()})
        return state

    @torch.no_grad()
    def restore(self, state):
        """Continue from what `state` returned."""
        for part, optimizer in self._parts():
            optimizer.count = int(state["adam/%s/count" % part])
            for name in optimizer.variables:
                optimizer.variables[name].copy_(torch.from_numpy(state["%s/%s" % (part, name)]))
                for kind in ("means", "squares"):
                    getattr(optimizer, kind)[name].copy_(
                        torch.from_numpy(state["adam/%s/%s/%s" % (part, kind, name)]))

    def _first_step(self, number):
        """Steps of either network before round `number`."""
        special = min(number, _FIRST_ROUNDS) + max(number - 1, 0) // _EVERY_ROUND
        return (special * (self.settings.first_discriminator_steps + 1)
                + (number - special) * (self.settings.discriminator_steps + 1))

    def _parts(self):
        return (("generator", self.generator), ("discriminator", self.discriminator))

    def _optimizer(self, arrays):
        tensors = {name: networks.tensor(name, value, self.device).requires_grad_()
                   for name, value in arrays.items()}
        return Adam(tensors, self.settings.learning_rate, self.settings.beta1, self.settings.beta2)

    def _discriminator_step(self, step, batch):
        random = random_at(self.seed, _DISCRIMINATOR, step)
        with torch.no_grad():
            fakes = self._fakes(random)
        mixing = self.bring(random.uniform(size=(len(batch), 1, 1, 1)).astype(np.float32))
        terms = discriminator_terms(self.critic, self._discriminate, self._image_gradient,
                                    self._real(batch), fakes, mixing)
        loss = weighted(terms, self.settings)
        self.discriminator.step(loss)
        return loss.detach()

    def _generator_step(self, step, batch):
        fakes = self._fakes(random_at(self.seed, _GENERATOR, step))
        loss = generator_loss(self.critic, self._discriminate, self._real(batch), fakes)
        self.generator.step(loss)
        return loss.detach()

    def _fakes(self, random):
        return [self._generate(self._latents(random, self.settings.minibatch)) for _ in range(self.critic.FAKES)]

    def _generate(self, latents):
        with self._rough():
            return networks.generator(self.generator.variables, latents).float()

    def _discriminate(self, images):
        with self._rough():
            return [layer.float() for layer in networks.discriminator(self.discriminator.variables, images)]

    def _image_gradient(self, layers, gradient):
        with self._rough():
            return networks.image_gradient(self.discriminator.variables, layers, gradient).float()

    def _rough(self):
        """Convolutions and products in bfloat16, if the settings say so; variables, and losses outside, in float32."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == "bfloat16")

    def _latents(self, random, count):
        return self.bring(random.uniform(-1, 1, (count, self.settings.latent_size)).astype(np.float32))

    def _real(self, batch):
        return self.bring(batch).float() / 255


def generator_loss(critic, discriminator, real, fakes):
    """The generator's loss, a scalar, of images in [0, 1].

    discriminator: function images (N, R, R, 3) -> the outputs of its layers, the features (N, F) last.
    """
    with torch.no_grad():  # the same whatever the generator makes
        of_real = discriminator(real)[-1]
    return critic.generator_loss(of_real, discriminator(torch.cat(fakes))[-1].split(len(real)))


def discriminator_terms(critic, discriminator, image_gradient, real, fakes, mixing):
    """The discriminator's loss and its two penalties, scalars without weights: {"loss", "penalty", "l2_penalty"}.

    discriminator: as of generator_loss. image_gradient: function (the layers of some images, the gradient of their
    features) -> the gradient (N, R, R, 3) of these images. mixing: (N, 1, 1, 1) in [0, 1), the share of the first
    batch of fakes in the images whose gradient is penalised.
    """
    mixed = (1 - mixing) * real + mixing * fakes[0]
    layers = discriminator(torch.cat((real, *fakes, mixed)))
    of_real, *of_fakes, of_mixed = layers[-1].split(len(real))
    scores = critic.score(of_mixed, of_real, of_fakes)
    of_features, = torch.autograd.grad(scores.sum(), of_mixed, create_graph=True)
    gradient = image_gradient([layer[-len(real):] for layer in layers], of_features)
    return {"loss": critic.discriminator_loss(of_real, of_fakes),
            "penalty": losses.gradient_penalty(gradient),
            # The sum of two means of N, the reals' and the first fakes', is twice the mean of all 2N. The others' are
            # computed with these: of a part of a layer the gradient would be filled up with zeros.
            "l2_penalty": 2 * losses.mean_squares(layers)[:2 * len(real)].mean()}


def weighted(terms, settings):
    """The whole loss of the discriminator."""
    loss = terms["loss"] + settings.penalty * terms["penalty"]
    return loss + settings.l2_penalty * terms["l2_penalty"] if settings.l2_penalty else loss


def _array(tensor):
    return tensor.detach().cpu().numpy().copy()
