"""An attribution method in one file: softmax regression on the spectrum of an image's noise.

What remains of an image when every pixel's neighbours are taken away is mostly noise; how its power
is spread over frequencies tells upsampling layers apart (X. Zhang, S. Karaman, S.-F. Chang, WIFS
2019). A study asks nothing more of a method than the contract of docs/methods.md, and this file
keeps it.
"""

from typing import NamedTuple

import numpy as np

from sources.contract import arrays, atomic, command, events, methods, models, settings, training
from sources.contract.batches import Batches
from sources.contract.errors import BadInput, NoDevice

NAME = "Spectra"
_ALLOWED = dict.fromkeys(("steps", "batch", "checkpoint_every"), settings.COUNT)
_BLOCK = 64  # images that are attributed together


class Settings(NamedTuple):
    """What a training can be told."""

    steps: int = 1000              # steps of the training
    batch: int = 16                # images of each label in a step
    learning_rate: float = 0.2     # of gradient descent
    checkpoint_every: int = 200    # steps


def train(arguments):
    """Learn a direction in the space of spectra for each label."""
    chosen = settings.read(Settings(), _ALLOWED, arguments.config)
    sets = methods.TrainingSets(arguments)
    training.run(arguments, sets, chosen, BalancedBatches(sets.train, chosen.batch, arguments.seed),
                 lambda *words: Trainer(*words, len(sets.names)),
                 architecture=NAME, labels=sets.names)


def attribute(arguments):
    """Write scores.npy, features.npy (the spectra) and attribution.json."""
    sets = methods.Sets(arguments.images, arguments.first, arguments.count)
    _refuse_cuda(arguments.device)
    model, weights = models.read(arguments.model, NAME)
    sets.check_resolution(model, arguments.model)
    blocks = (rows[start:start + _BLOCK] for rows in sets.rows
              for start in range(0, len(rows), _BLOCK))
    outputs = ({"scores": features @ weights["directions"], "features": features}
               for features in map(spectra, blocks))
    methods.answer(arguments.out, sets, model, outputs, numpy=np.__version__)


def import_(arguments):
    """There is nothing to import."""
    raise BadInput(
        f"--checkpoint {arguments.checkpoint}: no checkpoints of {NAME} were ever published")


def export(arguments):
    """Write weights.npz: directions (frequencies + 1, labels), the last row for the constant."""
    _, weights = models.read(arguments.model, NAME)
    atomic.make_folder(arguments.out)
    arrays.save(arguments.out + "/weights.npz", weights)
    events.done(weights=arguments.out)


def check(arguments):
    """Say the versions."""
    _refuse_cuda(arguments.device)
    events.done(versions={"numpy": np.__version__}, device="cpu")


def tell_settings(arguments):
    """Say what --config may hold."""
    settings.show({"train": settings.schema(Settings(), _ALLOWED)})


class BalancedBatches:
    """batches[number]: uint8 (labels * size, R, R, 3), `size` images of each label, shuffled."""

    def __init__(self, parts, size, seed):
        self._parts = [Batches(images, size, seed) for images in parts]

    def __getitem__(self, number):
        return np.concatenate([part[number] for part in self._parts])


class Trainer:
    """Softmax regression by gradient descent, from zero."""

    device = "cpu"

    def __init__(self, settings, resolution, seed, device, labels):
        _refuse_cuda(device)
        self._learning_rate = np.float32(settings.learning_rate)
        self._truth = np.repeat(np.eye(labels, dtype=np.float32), settings.batch, axis=0)
        self._directions = np.zeros((resolution // 2 + 1, labels), np.float32)

    def images_in(self, number):
        """How many images step `number` learns from."""
        return len(self._truth)

    def step(self, number, batches):
        """Go down the gradient of the cross entropy of one batch."""
        features = spectra(batches[number])
        scores = features @ self._directions
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        gradient = features.T @ (probabilities - self._truth) / np.float32(len(features))
        self._directions = self._directions - self._learning_rate * gradient
        return {"cross_entropy": -np.log(probabilities[self._truth == 1] + 1e-12).mean()}

    def state(self):
        """{name: array}, everything that training changes."""
        return {"directions": self._directions}

    weights = state

    def restore(self, state):
        """Continue from what `state` returned."""
        self._directions = state["directions"]


def spectra(images):
    """uint8 (N, R, R, 3) -> float32 (N, R/2 + 1): log power at each frequency, and a constant."""
    grey = images.mean(axis=3, dtype=np.float32)
    smooth = sum(np.roll(grey, step, axis) for step in (-1, 1) for axis in (1, 2)) / np.float32(4)
    power = np.abs(np.fft.fft2(grey - smooth)) ** 2 / grey[0].size
    frequencies = np.abs(np.fft.fftfreq(images.shape[1], 1 / images.shape[1]))
    ring = np.maximum(*np.meshgrid(frequencies, frequencies))  # the faster of its two directions
    means = [power[:, ring == radius].mean(axis=1) for radius in range(1, images.shape[1] // 2 + 1)]
    features = [*np.log10(1 + np.array(means)), np.ones(len(images))]
    return np.stack(features, axis=1).astype(np.float32)


def _refuse_cuda(wish):
    if wish == "cuda":
        raise NoDevice(f"--device cuda: {NAME} computes on the CPU alone")


if __name__ == "__main__":
    parser, _ = methods.new_parser("spectra", "which source made an image, by its noise")
    command.obey(parser, {"train": train, "attribute": attribute, "import": import_,
                          "export": export, "check": check, "settings": tell_settings}.get)
