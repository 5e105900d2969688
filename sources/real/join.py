"""The verb join: image sets that continue one another become one, as if it had been made at once."""

import numpy as np

from sources.contract import command, events, imagesets
from sources.contract.errors import BadInput
from sources.contract.stopping import Stop

_CHUNK = 256  # images in memory at once


def join(arguments):
    """Put image sets together, in their order. What was stopped is continued; every part is checked first."""
    parts = [imagesets.read(folder) for folder in arguments.images]
    for before, part in zip(parts, parts[1:], strict=False):
        _check(before, part)
    first, count = parts[0], sum(part.count for part in parts)
    progress = events.Progress(count)
    identity = {"parts": [part.identity for part in parts]}
    with imagesets.Writer(str(arguments.out), count, first.resolution, identity) as writer, Stop() as stop:
        for images in _rest(parts, writer.done):
            writer.append(images)
            progress.step(writer.done, len(images))
            stop.check(writer.flush)
        made_by = dict(command.made_by(numpy=np.__version__), parts=[part.index.get("made_by") for part in parts])
        writer.finish(first.index.get("value_range"), first.index.get("source"), made_by)
    events.done(images=count)


def _check(before, part):
    """Raise BadInput if `part` is of something else than `before`, or does not begin where that ends."""
    ours, theirs = (dict(one.index, source=dict(one.index.get("source") or {})) for one in (part, before))
    first, start = (index["source"].pop("first", None) for index in (ours, theirs))
    for what in ("resolution", "value_range", "source"):
        if ours.get(what) != theirs.get(what):
            raise BadInput(f"--images {part.folder}: its {what} is not that of {before.folder}; only images of one "
                           "model can be put together")
    if isinstance(first, int) and isinstance(start, int) and first != start + before.count:
        raise BadInput(f"--images {part.folder}: begins at image {first}, but {before.folder} ends before image "
                       f"{start + before.count}; name all parts, in their order")


def _rest(parts, done):
    """The images of all parts but the first `done`, some at a time."""
    for part in parts:
        for start in range(min(done, part.count), part.count, _CHUNK):
            yield part.images[start:start + _CHUNK]
        done = max(done - part.count, 0)
