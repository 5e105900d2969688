"""The verb perturb: an image set to which something has happened."""

import numpy as np
import PIL

from attribution import perturbations
from sources.contract import command, events, imagesets
from sources.contract.errors import BadInput
from sources.contract.settings import read_config
from sources.contract.stopping import Stop

_CHUNK = 64  # images in memory at once


def perturb(arguments):
    """Write the rows [first, first + count) of a set, perturbed, as a set of their own.

    A row depends on the row it was made from, its number in the old set, the seed and the settings
    alone. So without --first and --count each row stays at its place.
    """
    settings = perturbations.from_config(read_config(arguments.config))
    found = imagesets.read(arguments.images)
    images = _rows(found, arguments)
    done = {"settings": settings._asdict(), "seed": arguments.seed, "first": arguments.first,
            "sha256": found.index["sha256"]}
    with imagesets.Writer(arguments.out, len(images), found.resolution, done) as writer:
        _write(writer, images, lambda image, place: perturbations.perturb(
            image, arguments.first + place, arguments.seed, settings))
        writer.finish("perturbed, then rounded; before: " + str(found.index.get("value_range")),
                      dict(found.index.get("source") or {}, perturbation=done),
                      command.made_by(numpy=np.__version__, pillow=PIL.__version__))
    events.done(images=len(images))


def _rows(found, arguments):
    """The rows that are asked for. Raises BadInput if they are not there."""
    needed = arguments.first + (arguments.count or 1)
    if found.count < needed:
        raise BadInput(f"--images {arguments.images}: has {found.count} images, "
                       f"{needed} are needed")
    return found.images[arguments.first:][:arguments.count]


def _write(writer, images, change):
    """Append change(image, place) of every image that is not there yet."""
    progress = events.Progress(len(images))
    with Stop() as stop:
        for start in range(writer.done, len(images), _CHUNK):
            block = enumerate(images[start:start + _CHUNK], start)
            writer.append(np.stack([change(image, place) for place, image in block]))
            progress.step(writer.done, min(_CHUNK, len(images) - start))
            stop.check(writer.flush)
