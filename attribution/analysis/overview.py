"""The verb overview: what a visnet saw in some pictures, as tables and as pictures."""

import csv
import io

from attribution.analysis import fingerprints
from attribution.analysis.gallery import Gallery, Seen
from sources.contract import atomic, events, imagesets
from sources.contract.errors import BadInput
from sources.contract.settings import read_config

_ROWS, _FRAMES = 24, 50  # pictures that are drawn at most; the tables have all
_MILLISECONDS = 5000     # that each is shown


def overview(arguments):
    """Write what `attribute --fingerprints` found in an image set.

    responses.csv, responses.json   of every picture its label, and of every source response and
                                    probability
    overview.png                    the first _ROWS pictures, a row each
    overview.gif                    the first _FRAMES pictures, one after the other
    """
    names = read_config(arguments.config)["names"]
    images = imagesets.read(arguments.images).images
    found = fingerprints.read(arguments.answer)
    if not len(names) == len(images) == len(found.images):
        raise BadInput(f"--config: {len(names)} names for {len(images)} images, of which "
                       f"{len(found.images)} have fingerprints")
    atomic.make_folder(arguments.out)
    _write_tables(arguments.out, names, found)
    _draw(arguments.out, names, images, found)
    events.done(out=arguments.out)


def _write_tables(out, names, found):
    shares = found.probabilities()
    rows = [{"file": name, "label": found.labels[share.argmax()],
             "probabilities": dict(zip(found.labels, map(float, share.round(6)), strict=True)),
             "responses": dict(zip(found.labels, map(float, scores), strict=True))}
            for name, scores, share in zip(names, found.scores, shares, strict=True)]
    atomic.write_json(f"{out}/responses.json", rows)
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(["file", "label", *(f"response {label}" for label in found.labels),
                    *(f"probability {label}" for label in found.labels)])
    table.writerows([row["file"], row["label"], *row["responses"].values(),
                     *row["probabilities"].values()] for row in rows)
    with atomic.new_file(f"{out}/responses.csv") as stream:
        stream.write(written.getvalue().encode("utf-8"))


def _draw(out, names, images, found):
    from PIL import Image

    shares, count = found.probabilities(), min(len(names), _FRAMES)
    gallery = Gallery(found.labels, found.models, [
        Seen(names[place], images[place], found.images[place], found.responses(place),
             shares[place]) for place in range(count)])
    with atomic.new_file(f"{out}/overview.png") as stream:
        stream.write(gallery.table(_ROWS))
    progress, frames = events.Progress(count), []
    for place in range(count):
        frames.append(Image.fromarray(gallery.frame(place)).quantize(128))
        progress.step(place + 1, 1)
    with atomic.new_file(f"{out}/overview.gif") as stream:
        frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], loop=0,
                       duration=_MILLISECONDS)
