"""A changed copy of an image set, block after block: what perturb and remove share."""

from sources.contract import command, events, imagesets
from sources.contract.errors import BadInput
from sources.contract.stopping import Stop

BLOCK = 64  # images that are changed together


class Rows:
    """The rows [first, first + count) of an image set; count: None for all from `first`.

    images: uint8 (n, R, R, 3), a memory map. index: what the set says of itself. identity: what
    names these rows, as JSON. Raises BadInput if they are not there.
    """

    def __init__(self, folder, first, count):
        found = imagesets.read(folder)
        needed = first + (count or 1)
        if found.count < needed:
            raise BadInput(f"--images {folder}: has {found.count} images, {needed} are needed")
        self.images, self.index = found.images[first:][:count], found.index
        self.resolution, self.first = found.resolution, first
        self.identity = {"first": first, "sha256": found.index["sha256"]}


def write(out, rows, change, how, happened, **versions):
    """Write change(block, number) of every block of `rows` as a set of their own.

    block: uint8 (n, R, R, 3), BLOCK images but for the last ones. number: of its first image in
    the old set. how: values became 8-bit, in words. happened: {what: how, as JSON}. A run that was
    stopped goes on at the first block that is missing, with the same bits.
    """
    images = rows.images
    with imagesets.Writer(out, len(images), rows.resolution, happened, BLOCK) as writer:
        progress = events.Progress(len(images))
        with Stop() as stop:
            for start in range(writer.done, len(images), BLOCK):
                block = images[start:start + BLOCK]
                writer.append(change(block, rows.first + start))
                progress.step(writer.done, len(block))
                stop.check(writer.flush)
        writer.finish(f"{how}; before: {rows.index.get('value_range')}",
                      dict(rows.index.get("source") or {}, **happened),
                      command.made_by(**versions))
    events.done(images=len(images))
