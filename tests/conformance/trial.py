"""One source under trial: what it is given, what it makes of it, and whether that has the format of the contract."""

import functools
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np

from tests.conformance.callers import call

FINISHED = ("model.json", "imageset.json", "attribution.json")  # files that appear last
EVENTS = ("progress", "log", "warning", "done")
INDEX_KEYS = {"format", "count", "resolution", "sha256", "value_range", "source", "made_by"}


class NotConforming(Exception):
    """What a source does is not what the contract says."""


class Trial:
    """One source, a small image set for it, and what it makes of it below `folder`.

    config: the settings of a tiny training. latent_size: the width of explicit latents, None if it takes none.
    """

    def __init__(self, source, folder, config, resolution=32, count=128, latent_size=None):
        self.source, self.folder, self.latent_size = source, Path(folder).resolve(), latent_size
        self.resolution, self.count = resolution, count
        self.images = image_set(self.folder / "images", resolution, count)
        self.config = self.write("config.json", json.dumps(config))

    def write(self, name, text):
        """Write a file for the source to read."""
        path = self.folder / name
        path.write_text(text)
        return path

    def training(self, name, *arguments, images=None):
        """The arguments of a call that trains into the folder `name`."""
        reads = {"images": images or self.images, "config": self.config}
        return self.source, "train", reads, self.folder / name, ("--seed", "7", *arguments)

    def train_on(self, name, *arguments, images=None):
        """Train on other images, or a part of the same ones; the folder of the model."""
        ended = call(*self.training(name, *arguments, images=images))
        said = f"train {' '.join(arguments)} ended with {ended.status}: {last(ended.errors)}"
        expect(ended.status == 0, said)
        return self.folder / name

    def ends(self, first, last):
        """An image set of the first and the last images."""
        whole = np.load(self.images / "images.npy")
        images = np.concatenate([whole[:first], whole[self.count - last:]])
        return write_set(self.folder / "images-of-ends", images)

    @functools.cached_property
    def trained(self):
        """How an undisturbed training ended; its model is in the folder `model`."""
        return call(*self.training("model"))

    @property
    def model(self):
        """The folder of the trained model."""
        expect(self.trained.status == 0, f"train ended with {self.trained.status}: {last(self.trained.errors)}")
        return self.folder / "model"

    @functools.cached_property
    def block(self):
        """How many images are generated together."""
        return json.loads((self.model / "model.json").read_text())["block"]

    def generate(self, name, *arguments, model=None, **reads):
        """Generate into the folder `name`; the images, (N, R, R, 3)."""
        ended = call(self.source, "generate", {"model": model or self.model, **reads}, self.folder / name, arguments)
        expect(ended.status == 0, f"generate {' '.join(arguments)} ended with {ended.status}: {last(ended.errors)}")
        check_events(ended)
        return read_images(self.folder / name, self.resolution)

    def sample(self, name, seed, first, count, *arguments, model=None):
        """Images `first` to `first + count` of `seed`."""
        words = ("--seed", str(seed), "--first", str(first), "--count", str(count))
        return self.generate(name, *words, *arguments, model=model)


def expect(condition, message):
    """Raise NotConforming with `message` unless `condition` holds."""
    if not condition:
        raise NotConforming(message)


def last(lines):
    """The last line, for a message."""
    return lines[-1] if lines else "nothing on standard error"


def image_set(folder, resolution, count):
    """Write an image set of noisy gradients; returns its folder."""
    random = np.random.RandomState(0)
    ramps = np.linspace(0, 200, resolution)[None, :, None, None] * random.rand(count, 1, 1, 3)
    images = ramps + 55 * random.rand(count, resolution, resolution, 3)
    return write_set(folder, images.astype(np.uint8))


def write_set(folder, images):
    """Write images, uint8 (N, R, R, 3), as an image set; returns its folder."""
    folder.mkdir(parents=True)
    with (folder / "images.npy").open("wb") as stream:
        np.lib.format.write_array(stream, images, version=(1, 0))
    (folder / "imageset.json").write_text(json.dumps({
        "format": 1, "count": len(images), "resolution": images.shape[1],
        "sha256": sha256(folder / "images.npy"), "value_range": "0 to 255", "made_by": {},
        "source": {"architecture": "real", "dataset": "gradients", "subset": None, "seed": 0}}))
    return folder


def read_images(folder, resolution):
    """The images of a set that a source wrote, after looking at every promise of its format."""
    index = json.loads((folder / "imageset.json").read_text())
    expect(set(index) >= INDEX_KEYS, f"imageset.json lacks {sorted(INDEX_KEYS - set(index))}")
    with (folder / "images.npy").open("rb") as stream:
        expect(np.lib.format.read_magic(stream) == (1, 0), "images.npy is not of NumPy format 1.0")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    expect(dtype == np.uint8 and not fortran, f"images.npy holds {dtype}, {'Fortran' if fortran else 'C'} order")
    expect(shape == (index["count"], resolution, resolution, 3), f"images.npy has the shape {shape}")
    expect((index["format"], index["resolution"]) == (1, resolution), "imageset.json: wrong format or resolution")
    expect(index["sha256"] == sha256(folder / "images.npy"), "imageset.json: sha256 is not that of images.npy")
    return np.load(folder / "images.npy", allow_pickle=False)


def sha256(path):
    """The sha256 of a file, as a hexadecimal string."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_events(ended, finished=True):
    """Standard output is events, one JSON object a line; `done` is the last if and only if all went well."""
    try:
        events = ended.events
    except ValueError:
        raise NotConforming(f"a line on standard output is no JSON: {ended.output}") from None
    expect(all(isinstance(event, dict) and event.get("event") in EVENTS for event in events),
           f"an event is none of {', '.join(EVENTS)}: {ended.output}")
    for event in events:
        if event["event"] == "progress":
            expect(0 < event["step"] <= event["total"], f"a progress is not within its total: {event}")
    is_done = bool(events) and events[-1]["event"] == "done"
    expect(is_done == finished, f"the last event is {'' if is_done else 'not '}done: {last(ended.output)}")


def refused(trial, what, verb, reads, arguments=()):
    """Expect that a call is refused."""
    out = trial.folder / "refused" / what.replace(" ", "-")
    ended = call(trial.source, verb, reads, out, arguments)
    expect(ended.status == 2, f"{what}: exit status {ended.status} instead of 2 ({last(ended.errors)})")
    expect(len(ended.errors) == 1, f"{what}: {len(ended.errors)} lines on standard error: {ended.errors}")
    check_events(ended, finished=False)
    written = [path.name for path in out.rglob("*") if path.name in FINISHED]
    expect(not written, f"{what}: was refused, but wrote {written}")


def spoilt(trial, name, spoil):
    """A copy of the image set whose images.npy went through `spoil`."""
    shutil.copytree(trial.images, trial.folder / name)
    path = trial.folder / name / "images.npy"
    path.write_bytes(spoil(path.read_bytes()))
    return path.parent
