"""Writes the two image sets of a data set: `gan`, and `attribution` with the rows of train, validation and test."""

import numpy as np
import PIL

from datasets import Unusable, pictures
from sources.contract import command, events, imagesets
from sources.contract.errors import BadInput
from sources.contract.settings import change, read_config
from sources.contract.stopping import Stop

from .parallel import each
from .settings import Settings, checked

VALUE_RANGE = "0 to 255 as decoded; a resized image is Lanczos filtered and rounded"
_AT_ONCE = 8  # images that a thread makes; one by one, the threads speak more to each other: a tenth of the time


def make(arguments, open_dataset):
    """A verb: the image sets of what open_dataset(path, settings, seed) finds."""
    settings = checked(change(Settings(), read_config(arguments.config)))
    try:
        dataset = open_dataset(arguments.path, settings, arguments.seed)
        write(arguments.out, dataset, settings, arguments.seed)
    except Unusable as error:
        raise BadInput(str(error)) from error
    for remark in pictures.told(dataset.remarks):
        events.warning(remark)
    events.done(images=settings.gan + settings.attribution)


def write(out, dataset, settings, seed):
    """Write `out`/gan and `out`/attribution. A finished set stays as it is, an interrupted one is continued."""
    splits = {"train": settings.train, "validation": settings.validation, "test": settings.test}
    progress = events.Progress(settings.gan + settings.attribution)
    before = 0
    for subset, keys, parts in (("gan", dataset.gan, {"gan": settings.gan}),
                                ("attribution", dataset.attribution, splits)):
        source = {"architecture": "real", "dataset": dataset.name, "subset": subset, "seed": seed, "parts": parts}
        if dataset.credits:
            source["credits"] = list(dataset.credits)
        folder = str(out / subset)
        if not _is_finished(folder, settings.resolution, dataset.digest, source):
            _write(folder, keys, dataset, settings.resolution, source,
                   lambda done, new, before=before: progress.step(before + done, new))
        before += len(keys)


def _write(folder, keys, dataset, resolution, source, report):
    def some(start):
        return np.stack([dataset.image(key) for key in keys[start:start + _AT_ONCE]])

    with (imagesets.Writer(folder, len(keys), resolution, dict(source, input=dataset.digest)) as writer,
          Stop() as stop):
        for images in each(some, range(writer.done, len(keys), _AT_ONCE)):
            writer.append(images)
            report(writer.done, len(images))
            stop.check(writer.flush)
        made_by = command.made_by(numpy=np.__version__, pillow=PIL.__version__)
        writer.finish(VALUE_RANGE, source, dict(made_by, input=dataset.digest))


def _is_finished(folder, resolution, digest, source):
    try:
        index = imagesets.read(folder).index
    except BadInput:
        return False
    return (index["resolution"], index["made_by"].get("input"), index["source"]) == (resolution, digest, source)
