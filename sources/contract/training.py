"""A training run: resume, the loop with checkpoints, progress and preview grids, the model.

What a run writes below `out`:
    checkpoints/00001000/   the last two, see checkpoints.py; gone when the run has finished
    samples/00001000.png    a grid of preview images after that many steps
    training.json           the loss curve, when the run has finished
"""

import contextlib
import json
import os

from . import atomic, models, png
from .ahead import Ahead
from .checkpoints import Checkpoints
from .errors import BadInput
from .events import Progress, done, log
from .stopping import Stop

_CURVE_POINTS = 1000
_PREVIEWS = 64  # images of a grid


def run(arguments, images, settings, batches, new_trainer, start=None, **description):
    """The verb train of every room: train, continue, or leave a finished model as it is.

    arguments: out, seed, device. images: what is learnt from: resolution (pixels), identity (JSON
    that names them) and source (dict, for model.json). settings: a named tuple with steps,
    checkpoint_every and perhaps preview_every (steps). batches: batches[number] is what the trainer
    reads; it asks for them in order, from a thread of their own. start: the sha256 of the weights
    that the trainer goes on from, if it does. description: what else model.json says,
    `architecture` and `block` at least. new_trainer: function (settings, resolution, seed,
    device wish) -> trainer, called when all input is known to be good: the place to load a
    framework. A trainer has
        device                    where it computes, for people
        images_in(number)         real images that step `number` takes
        step(number, batches)     does step `number`, from 0; {name: loss}
        bring(batch)              a batch where it computes, of which step(...) finds the next few
                                  ready; only if it can be brought there beforehand
        state(), restore(state)   {name: array}, all that a later process needs to go on
        weights()                 {name: array} of the model
        describe()                what else model.json says, {name: JSON}; only if there is something
        preview(count)            uint8 (count, R, R, 3), always of the same latents; only with
                                  preview_every
    Raises BadInput for an `out` that holds the checkpoint of another training, Stopped after a
    SIGTERM.
    """
    identity = {"architecture": description["architecture"], "settings": dict(settings._asdict()),
                "seed": arguments.seed, "images": images.identity}
    if start:
        identity["start"] = start
    training = Training(arguments.out, identity, settings.steps, settings.checkpoint_every,
                        getattr(settings, "preview_every", None))
    if not models.holds(arguments.out, identity):
        state = training.resume()
        trainer = new_trainer(settings, images.resolution, arguments.seed, arguments.device)
        log("computing on %s" % trainer.device)
        if state is not None:
            trainer.restore(state)
        _loop(training, trainer, batches)
        training.finish()
        source = dict(images.source, architecture=identity["architecture"], seed=arguments.seed)
        description.update(getattr(trainer, "describe", dict)())
        models.write(arguments.out, weights=trainer.weights(), settings=identity["settings"],
                     training=identity, resolution=images.resolution, source=source, **description)
    training.clean()
    done(model=arguments.out)


def _loop(training, trainer, batches):
    preview = training.preview_every and (lambda: trainer.preview(_PREVIEWS))
    with contextlib.closing(Ahead(batches, getattr(trainer, "bring", None))) as coming:
        for step in training.steps(trainer.state, preview):
            training.record(step, trainer.images_in(step), trainer.step(step, coming))


class Training(object):
    """One training run of `total` steps, that may be spread over many processes.

    identity: a dict (settings, seed, hash of the image set); a checkpoint of another identity is refused.
    checkpoint_every, preview_every: steps. done: steps that are done.
    """

    def __init__(self, out, identity, total, checkpoint_every, preview_every=None):
        self.out, self.identity, self.total = out, json.loads(json.dumps(identity)), total
        self.checkpoint_every, self.preview_every = checkpoint_every, preview_every
        self.done = 0
        self.curve = []
        self._checkpoints = Checkpoints(os.path.join(out, "checkpoints"))
        atomic.make_folder(out)

    def resume(self):
        """The arrays of the last checkpoint that is whole, {name: array}, or None at the beginning."""
        found = self._checkpoints.last()
        if found is None:
            return None
        state, arrays = found
        if state["identity"] != self.identity:
            raise BadInput("--out %s: holds the checkpoint of another training (other settings, "
                           "seed or images); choose another folder" % self.out)
        self.done, self.curve = state["done"], state["curve"]
        log("continuing after step %d of %d" % (self.done, self.total))
        return arrays

    def steps(self, save, preview=None):
        """Yield the number of each step that is left, from `done` to `total - 1`.

        save: function () -> {name: array}, everything needed to continue. preview: function () -> uint8
        (N, R, R, 3), where there is something to look at. The caller does one step and calls `record` for
        each number it gets.
        """
        self._progress = Progress(self.total)
        with Stop() as stop:
            if preview and self.done == 0:
                self._preview(preview)
            for step in range(self.done, self.total):
                yield step
                self.done = step + 1
                if preview and self._due(self.preview_every):
                    self._preview(preview)
                if self._due(self.checkpoint_every) and self.done < self.total:
                    self._checkpoint(save())
                stop.check(lambda: self._checkpoint(save()))

    def record(self, step, images, losses):
        """Note what step `step` did: the number of real images it took, and its losses {name: number-like}.

        Losses are turned into numbers only when they are shown, as that waits for an accelerator.
        """
        done = step + 1
        self._progress.step(done, images, losses)
        if done % max(1, self.total // _CURVE_POINTS) == 0 or done == self.total:
            numbers = dict((name, float(losses[name])) for name in losses)
            self.curve.append({"step": done, "losses": numbers})

    def finish(self):
        """Write the loss curve. Call it when the model is on disk, then `clean`."""
        atomic.write_json(os.path.join(self.out, "training.json"),
                          {"total": self.total, "curve": self.curve})

    def clean(self):
        """Remove the checkpoints of a finished run."""
        self._checkpoints.remove()

    def _due(self, every):
        return self.done % every == 0 or self.done == self.total

    def _preview(self, preview):
        atomic.make_folder(os.path.join(self.out, "samples"))
        images = preview()
        columns = int(len(images) ** 0.5)
        path = os.path.join(self.out, "samples", "%08d.png" % self.done)
        png.write(path, png.grid(images, columns))

    def _checkpoint(self, arrays):
        self._checkpoints.add(
            self.done, {"identity": self.identity, "done": self.done, "curve": self.curve}, arrays)
