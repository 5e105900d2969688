"""A source in one file: images drawn from a Gaussian in the space of their principal components.

No GAN, and none of its images is mistaken for a photograph; but it really learns from the images that it is
given, step by step, and it speaks the contract, which is all that a study asks of a source.

    image = mean + sum over k of z_k * sqrt(variance_k) * component_k,    z ~ N(0, 1)

The components are found by Oja's subspace rule (E. Oja, International Journal of Neural Systems 1989): each
step moves them towards a batch's covariance and makes them orthonormal again.
"""

from typing import NamedTuple

import numpy as np

from sources.contract import arrays, atomic, command, events, generation, imagesets, models, settings
from sources.contract.batches import Batches, random_at
from sources.contract.errors import BadInput, NoDevice
from sources.contract.training import Training

ARCHITECTURE = "Eigenimages"
BLOCK = 16  # images that are generated together
VALUE_RANGE = "[-1, 1]: round(value * 127.5 + 127.5), clipped"
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
    _refuse_cuda(arguments)
    images = imagesets.read(arguments.images)
    chosen = settings.change(Settings(), settings.read_config(arguments.config))
    identity = {"settings": chosen._asdict(), "seed": arguments.seed, "images": images.index["sha256"]}
    run = Training(arguments.out, identity, chosen.steps, chosen.checkpoint_every, chosen.preview_every)
    if not models.holds(arguments.out, identity):
        weights = _learn(run, images, chosen, arguments.seed)
        run.finish()
        origin = images.index.get("source") or {}
        models.write(arguments.out, ARCHITECTURE, weights, settings=chosen._asdict(), resolution=images.resolution,
                     block=BLOCK, training=identity, value_range=VALUE_RANGE,
                     source={"architecture": ARCHITECTURE, "dataset": origin.get("dataset"),
                             "subset": origin.get("subset"), "seed": arguments.seed})
    run.clean()
    events.done(model=arguments.out)


def generate(arguments):
    """Draw latents and make their images. There is no published conversion: both ways to quantize round."""
    _refuse_cuda(arguments)
    model, weights = models.read(arguments.model, ARCHITECTURE)
    latents = generation.NormalLatents(model["settings"]["components"])
    generation.generate(arguments, model, latents, lambda z: _images(weights, z, model["resolution"]),
                        model["source"], VALUE_RANGE, command.made_by(numpy=np.__version__))
    events.done(images=arguments.out)


def import_published(arguments):
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
    _refuse_cuda(arguments)
    events.done(versions={"numpy": np.__version__}, device="cpu")


def _learn(run, images, chosen, seed):
    batches = Batches(images.images, chosen.batch, seed)
    weights = run.resume() or _start(chosen, 3 * images.resolution ** 2, seed)
    latents = random_at(seed, _PREVIEW, 0).randn(64, chosen.components).astype(np.float32)
    for step in run.steps(lambda: weights, lambda: _images(weights, latents, images.resolution)):
        batch = batches[step].reshape(chosen.batch, -1) / np.float32(127.5) - 1
        changed, error = _step(weights, batch, step, chosen.learning_rate)
        weights.update(changed)
        run.record(step, chosen.batch, {"reconstruction": error})
    return weights


def _start(chosen, values, seed):
    """Random orthonormal components."""
    directions = random_at(seed, _START, 0).randn(values, chosen.components)
    return {"mean": np.zeros(values, np.float32), "components": _orthonormal(directions.T),
            "variances": np.zeros(chosen.components, np.float32)}


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
    """Latents (N, K) -> uint8 (N, R, R, 3)."""
    values = weights["mean"] + (latents * np.sqrt(weights["variances"])).dot(weights["components"])
    pixels = np.clip(np.rint(values * 127.5 + 127.5), 0, 255).astype(np.uint8)
    return pixels.reshape(len(latents), resolution, resolution, 3)


def _refuse_cuda(arguments):
    if arguments.device == "cuda":
        raise NoDevice("--device cuda: %s computes on the CPU alone" % ARCHITECTURE)


if __name__ == "__main__":
    command.run("eigenimages", "images from principal components", train, generate, import_published, export, check)
