"""One step of each training: the classifier, and the visualisation network with its critic.

A trainer is what sources.contract.training.run asks for, with `settings`, and `logits` of uint8
images beside.
"""

import numpy as np
import tensorflow as tf

from attribution import device as devices
from attribution import layers, losses, networks
from attribution.cores import cores
from attribution.optimizer import Adam
from sources.contract import models
from sources.contract.batches import random_at

_WEIGHTS, _CRITIC_WEIGHTS, _MIXING = 2, 3, 4  # streams of random numbers


def new(settings, resolution, seed, device, labels):
    """The trainer of the network that the settings name. device: as chosen. labels: how many."""
    trainer = {"classifier": ClassifierTrainer, "visnet": VisnetTrainer}[settings.network]
    return trainer(settings, resolution, seed, device, labels)


class _Trainer:
    """What both have in common."""

    def __init__(self, settings, device, labels):
        self.settings, self.device, self.labels = settings, device, labels

    def images_in(self, number):
        """How many images step `number` learns from."""
        return self.settings.minibatch

    def bring(self, batch):
        """A batch where the networks are."""
        return devices.bring(batch, self.device)


class ClassifierTrainer(_Trainer):
    """C_patch with the cross entropy of its logits.

    On a processor each core computes the whole network for images of its own, and their gradients
    are added. Where cores share each operation they wait for each other: then a step takes 1.6
    times as long at 32 pixels on two cores, 1.2 times at 128.

    With settings.moving_average, what it says of images comes from the average of its weights.
    """

    def __init__(self, settings, resolution, seed, device, labels):
        super().__init__(settings, device, labels)
        self._parts = cores() if device == "cpu" else 1
        self._layers = networks.classifier(settings, resolution, labels)
        shapes = networks.variables(self._layers)
        self._weights = _initial(shapes, seed, _WEIGHTS)
        self._copies = {"weights": self._weights}
        if settings.moving_average:
            self._copies["average"] = _initial(shapes, seed, _WEIGHTS)
        self._average = self._copies.get("average", self._weights)
        self._optimizer = Adam(self._weights, settings)

    def step(self, number, batches):
        """Do step `number` with batches[number], images and labels; {name: loss}."""
        return self._step(*batches[number])

    @tf.function(autograph=False)
    def logits(self, images):
        """Logits (N, labels) of uint8 images."""
        return self._classify(images)[1]

    @tf.function(autograph=False)
    def features(self, images):
        """What the last layer makes logits of, (N, D), of uint8 images."""
        return self._classify(images)[0]

    def state(self):
        """{name: array}, everything that training changes."""
        return _prefixed({**{name: _arrays(part) for name, part in self._copies.items()},
                          "optimizer": self._optimizer.state()})

    def restore(self, state):
        """Continue from what `state` returned."""
        for name, part in self._copies.items():
            _assign(part, models.part(state, name))
        self._optimizer.restore(models.part(state, "optimizer"))

    def weights(self):
        """{name: array} of the model."""
        return _arrays(self._average)

    def begin(self, weights):
        """Begin with the `weights` of a model."""
        for part in self._copies.values():
            _assign(part, weights)

    @tf.function(autograph=False)
    def _step(self, images, labels):
        share = 1 / images.shape[0]
        parts = [self._learn(*part, share)
                 for part in zip(self._split(images), self._split(labels), strict=True)]
        loss, *gradients = map(_added, zip(*parts, strict=True))
        self._optimizer.apply(dict(zip(self._weights, gradients, strict=True)))
        if self.settings.moving_average:
            _follow(self._average, self._weights, self.settings.moving_average)
        return {"loss": loss}

    def _learn(self, images, labels, share):
        """The loss of these images, each counting for `share`, and its gradient of each weight."""
        with tf.GradientTape() as tape:
            logits = self._run(self._weights, images)[1]
            loss = share * tf.reduce_sum(losses.cross_entropy(logits,
                                                              tf.one_hot(labels, self.labels)))
        return loss, *tape.gradient(loss, list(self._weights.values()))

    def _classify(self, images):
        answers = [self._run(self._average, part) for part in self._split(images)]
        return [tf.concat(values, 0) for values in zip(*answers, strict=True)]

    def _run(self, weights, images):
        answer = layers.classify(self._layers, weights, layers.to_float(images),
                                 self.settings.precision)
        return [layers.average(values) for values in answer]

    def _split(self, values):
        """In one part for each core."""
        sizes = [len(part) for part in np.array_split(range(values.shape[0]), self._parts)]
        return tf.split(values, [size for size in sizes if size])


class VisnetTrainer(_Trainer):
    """EG and its critic D_rec: a step of the critic and of EGs, then one of EG on other images."""

    def __init__(self, settings, resolution, seed, device, labels):
        super().__init__(settings, device, labels)
        self._seed = seed
        self._layers = networks.autoencoder(settings, resolution)
        self._critic_layers = networks.critic(settings, resolution)
        shapes = networks.visnet_variables(settings, resolution, labels)
        critic_shapes = networks.variables(self._critic_layers)
        self._weights = {"EG": _initial(shapes, seed, _WEIGHTS),
                         "EGs": _initial(shapes, seed, _WEIGHTS),
                         "D_rec": _initial(critic_shapes, seed, _CRITIC_WEIGHTS)}
        self._optimizers = {name: Adam(self._weights[name], settings) for name in ("EG", "D_rec")}

    def step(self, number, batches):
        """Do step `number` with batches[number], images and labels; {name: loss}."""
        images, labels = batches[number]
        half = self.settings.minibatch
        mixing = random_at(self._seed, _MIXING, number).random_sample((half, 1, 1, 1))
        critic_loss = self._critic_step(images[:half], mixing.astype(np.float32))
        return dict(self._autoencoder_step(images[half:], labels[half:]), critic=critic_loss)

    @tf.function(autograph=False)
    def logits(self, images):
        """Logits (N, labels) of uint8 images, by the moving average."""
        return self._encode("EGs", layers.to_float(images))[2]

    def state(self):
        """{name: array}, everything that training changes."""
        return _prefixed({**{name: _arrays(part) for name, part in self._weights.items()},
                          **{f"optimizer {name}": part.state()
                             for name, part in self._optimizers.items()}})

    def restore(self, state):
        """Continue from what `state` returned."""
        self.begin(state)
        for name, optimizer in self._optimizers.items():
            optimizer.restore(models.part(state, f"optimizer {name}"))

    def weights(self):
        """{name: array} of the model: "EG/...", "D_rec/...", "EGs/..."."""
        return _prefixed({name: _arrays(part) for name, part in self._weights.items()})

    def begin(self, weights):
        """Begin with the `weights` of a model."""
        for name, part in self._weights.items():
            _assign(part, models.part(weights, name))

    @tf.function(autograph=False)
    def _critic_step(self, images, mixing):
        images = layers.to_float(images)
        reconstructions = self._encode("EG", images)[0]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses.critic_loss(self._score, images, reconstructions, mixing,
                                                     self.settings))
        self._optimizers["D_rec"].apply(_gradients(tape, loss, self._weights["D_rec"]))
        _follow(self._weights["EGs"], self._weights["EG"], self.settings.moving_average)
        return loss

    @tf.function(autograph=False)
    def _autoencoder_step(self, images, labels):
        images, labels = layers.to_float(images), tf.one_hot(labels, self.labels)
        with tf.GradientTape() as tape:
            reconstructions, _, logits = self._encode("EG", images)
            loss = tf.reduce_mean(losses.autoencoder_loss(
                images, reconstructions, logits, labels, self._score(reconstructions),
                self.settings))
        self._optimizers["EG"].apply(_gradients(tape, loss, self._weights["EG"]))
        return {"loss": loss, "cross_entropy": tf.reduce_mean(losses.cross_entropy(logits, labels)),
                "reconstruction": tf.reduce_mean(tf.abs(reconstructions - images))}

    def _encode(self, name, images):
        return layers.encode_and_compare(self._layers, self._weights[name], images,
                                         self.settings.precision)

    def _score(self, images):
        return layers.run(self._critic_layers, self._weights["D_rec"], images,
                          self.settings.precision)


def _added(values):
    """The sum of tensors of one shape.

    Of additions of more than two TensorFlow makes one, and takes that apart again if they are large,
    in an order that differs from run to run.
    """
    return sum(values) if len(values) < 3 else tf.reduce_sum(tf.stack(values), 0)


def _initial(shapes, seed, stream):
    """Variables as at the start of a training: weights N(0, 1), biases 0."""
    random = random_at(seed, stream, 0)
    return {name: tf.Variable((random.standard_normal(shape) if name.endswith("/weight")
                               else np.zeros(shape))
                              .astype(np.float32)) for name, shape in shapes.items()}


def _follow(averages, variables, decay):
    for name, average in averages.items():
        current = variables[name]
        average.assign(current + (average - current) * decay)


def _gradients(tape, loss, variables):
    return dict(zip(variables, tape.gradient(loss, list(variables.values())), strict=True))


def _arrays(variables):
    return {name: variable.numpy() for name, variable in variables.items()}


def _assign(variables, arrays):
    for name, variable in variables.items():
        variable.assign(arrays[name])


def _prefixed(parts):
    return {f"{part}/{name}": array
            for part, arrays in parts.items() for name, array in arrays.items()}
