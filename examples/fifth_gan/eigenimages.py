"""A source in one file: images drawn from a Gaussian in the space of their principal components.

No GAN, and none of its images is mistaken for a photograph; but it really learns from the images that it is
given, step by step, and it speaks the contract, which is all that a study asks of a source.

    image = mean + sum over k of z_k * sqrt(variance_k) * component_k,    z ~ N(0, 1)

The components are found by Oja's subspace rule (E. Oja, International Journal of Neural Systems 1989): each
step moves them towards a batch's covariance and makes them orthonormal again.
"""

from typing import NamedTuple

import numpy as np

from sources.contract import arrays, atomic, command, events, generation, imagesets, models, settings, training
from sources.contract.batches import Batches, random_at
from sources.contract.errors import BadInput, NoDevice

ARCHITECTURE = "Eigenimages"
BLOCK = 16  # images that are generated together
VALUE_RANGE = "[-1, 1]: round(value * 127.5 + 127.5), clipped"
_ALLOWED = dict.fromkeys(("components", "batch", "steps", "checkpoint_every", "preview_every"), settings.COUNT)
_START, _PREVIEW = 1, 2  # streams of random numbers; 0 is the order of the images


class Settings(NamedTuple):
    """What a training can be told."""

    components: int = 32           # principal components, the size of a latent
    batch: int = 32                # images a step
    steps: int = 200               # steps of the training
    learning_rate: float = 0.1     # of the components, at the first step; falls as 1 / sqrt(step)
    checkpoint_every: int = 100    # steps
    preview_every: int = 100       # steps


def train(arguments):
    """Learn the mean, the components and their variances; continue from the last checkpoint."""
    images = imagesets.read(arguments.images).subset(arguments.subset)
    chosen = settings.read(Settings(), _ALLOWED, arguments.config)
    batches = Batches(images.images, chosen.batch, arguments.seed)
    training.run(arguments, images, chosen, batches, Trainer, architecture=ARCHITECTURE,
                 block=BLOCK, value_range=VALUE_RANGE)


def generate(arguments):
    """Draw latents and make their images. There is no published conversion: both ways to quantize round."""
    _refuse_cuda(arguments.device)
    model, weights = models.read(arguments.model, ARCHITECTURE)
    latents = generation.NormalLatents(model["settings"]["components"])
    generation.generate(arguments, model, latents, lambda z: _images(weights, z, model["resolution"]),
                        _to_uint8, VALUE_RANGE, numpy=np.__version__)


def import_(arguments):
    """There is nothing to import."""
    raise BadInput("--checkpoint %s: no checkpoints of %s were ever published" % (arguments.checkpoint, ARCHITECTURE))


def export(arguments):
    """Write the weights as weights.npz: mean (3RR,), components (K, 3RR), variances (K,)."""
    _, weights = models.read(arguments.model, ARCHITECTURE)
    atomic.make_folder(arguments.out)
    arrays.save(arguments.out + "/weights.npz", weights)
    events.done(weights=arguments.out)


def check(arguments):
    """Say the versions."""
    _refuse_cuda(arguments.device)
    events.done(versions={"numpy": np.__version__}, device="cpu")


class Trainer:
    """What training changes, and what a step does to it."""

    def __init__(self, settings, resolution, seed, device):
        _refuse_cuda(device)
        self.settings, self.resolution, self.seed, self.device = settings, resolution, seed, "cpu"
        values = 3 * resolution ** 2
        directions = random_at(seed, _START, 0).randn(values, settings.components)
        self._weights = {"mean": np.zeros(values, np.float32), "components": _orthonormal(directions.T),
                         "variances": np.zeros(settings.components, np.float32)}

    def images_in(self, number):
        """Images that step `number` takes."""
        return self.settings.batch

    def step(self, number, batches):
        """Learn from a batch; its mean squared error."""
        batch = batches[number].reshape(self.settings.batch, -1) / np.float32(127.5) - 1
        self._weights, error = _step(self._weights, batch, number, self.settings.learning_rate)
        return {"reconstruction": error}

    def weights(self):
        """{name: array} of the model; it is the whole state, too."""
        return self._weights

    state = weights

    def restore(self, state):
        """Continue from what `state` returned."""
        self._weights = state

    def preview(self, count):
        """uint8 images (count, R, R, 3) of latents that are always the same."""
        latents = random_at(self.seed, _PREVIEW, 0).randn(count, self.settings.components)
        return _to_uint8(_images(self._weights, latents.astype(np.float32), self.resolution))


def _step(weights, batch, step, learning_rate):
    """The weights after one more batch, (B, 3RR) in [-1, 1], and the mean squared error of its reconstruction."""
    share = np.float32(1.0 / (step + 1))
    mean = weights["mean"] + share * (batch.mean(0) - weights["mean"])
    centred = batch - mean
    projected = centred.dot(weights["components"].T)
    error = np.square(centred - projected.dot(weights["components"])).mean()
    rate = np.float32(learning_rate / np.sqrt(step + 1.0) / len(batch))
    components = _orthonormal(weights["components"] + rate * projected.T.dot(centred))
    variances = weights["variances"] + share * (np.square(projected).mean(0) - weights["variances"])
    return {"mean": mean, "components": components, "variances": variances}, error


def _orthonormal(rows):
    """The orthonormal rows, float32, nearest to `rows` in order: Q of the QR decomposition, R's diagonal positive."""
    basis, triangle = np.linalg.qr(rows.T)
    return np.ascontiguousarray((basis * np.sign(np.diag(triangle))).T, np.float32)


def _images(weights, latents, resolution):
    """Latents (N, K) -> images (N, R, R, 3) in [-1, 1] and beyond."""
    scaled = latents * np.sqrt(weights["variances"])
    return (weights["mean"] + scaled.dot(weights["components"])).reshape(-1, resolution, resolution, 3)


def _to_uint8(images):
    return np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype(np.uint8)


def _refuse_cuda(wish):
    if wish == "cuda":
        raise NoDevice("--device cuda: %s computes on the CPU alone" % ARCHITECTURE)


if __name__ == "__main__":
    command.run("eigenimages", "images from principal components", {
        "train": train, "generate": generate, "import": import_, "export": export,
        "check": check, "settings": lambda _: settings.show({"train": settings.schema(Settings(), _ALLOWED)})}.get)
