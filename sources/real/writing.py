"""Writes the two image sets of a data set: `gan`, and `attribution` with the rows of train, validation and test."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL

from sources.contract import command, events, imagesets
from sources.contract.errors import BadInput
from sources.contract.stopping import Stop

VALUE_RANGE = "0 to 255 as decoded; a resized image is Lanczos filtered and rounded"
_CHUNK = 256  # images in memory at once


def write(out, dataset, settings, seed):
    """Write `out`/gan and `out`/attribution. A finished set stays as it is, an interrupted one is continued."""
    splits = {"train": settings.train, "validation": settings.validation, "test": settings.test}
    progress = events.Progress(settings.gan + settings.attribution)
    with Stop() as stop, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for subset, keys, parts, before in (("gan", dataset.gan, {"gan": settings.gan}, 0),
                                            ("attribution", dataset.attribution, splits, settings.gan)):
            source = _source(dataset, subset, seed, parts)
            folder = os.path.join(out, subset)
            if _is_finished(folder, settings.resolution, dataset.digest, source):
                continue
            writer = imagesets.Writer(folder, len(keys), settings.resolution, dict(source, input=dataset.digest))
            for start in range(writer.done, len(keys), _CHUNK):
                images = np.stack(list(pool.map(dataset.image, keys[start:start + _CHUNK])))
                writer.append(images)
                progress.step(before + writer.done, len(images))
                stop.check(writer.flush)
            writer.finish(VALUE_RANGE, source, _made_by(dataset.digest))


def _source(dataset, subset, seed, parts):
    source = {"architecture": "real", "dataset": dataset.name, "subset": subset, "seed": seed, "parts": parts}
    if dataset.credits:
        source["credits"] = list(dataset.credits)
    return source


def _made_by(digest):
    return dict(command.made_by(numpy=np.__version__, pillow=PIL.__version__), input=digest)


def _is_finished(folder, resolution, digest, source):
    try:
        index = imagesets.read(folder).index
    except BadInput:
        return False
    return (index["resolution"], index["made_by"].get("input"), index["source"]) == (resolution, digest, source)
