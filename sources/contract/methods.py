"""What attribution methods share (docs/methods.md): arguments, several image sets, the answer."""

import argparse
import os
from collections import OrderedDict

import numpy as np

from . import atomic, command, events, imagesets
from .errors import BadInput


def new_parser(program, description, start=False):
    """A parser of a method's verbs, for command.obey, and its verbs, to which more may be added.

    start: whether its training can go on from a model.
    """
    parser, verbs = command.new_parser(program, description)
    _add_train(verbs, start)
    _add_attribute(verbs)
    command.add_common(verbs)
    return parser, verbs


class Sets(object):
    """Image sets of one resolution by name, and the same rows of each.

    names: in the order given. rows: [uint8 (count, R, R, 3)], memory maps. index: [dict], what
    attribution.json says of them. source: where their images come from.
    """

    def __init__(self, named_folders, first, count):
        """The rows [first, first + count) of [(name, folder)]; count: None for all from `first`.

        Raises BadInput for what does not fit together.
        """
        sets = OrderedDict((name, imagesets.read(folder)) for name, folder in named_folders)
        if len(sets) != len(named_folders):
            raise BadInput("--images: a name was given twice; every set has its own")
        _check(sets, first + (1 if count is None else count))
        self.names, self.resolution = list(sets), next(iter(sets.values())).resolution
        self.rows = [found.images[first:][:count] for found in sets.values()]
        self.index = [{"name": name, "first": first, "count": len(rows),
                       "sha256": found.index["sha256"]}
                      for (name, found), rows in zip(sets.items(), self.rows)]
        self.source = {"sets": dict((name, found.index.get("source"))
                                    for name, found in sets.items())}

    def check_resolution(self, model, folder):
        """Raise BadInput unless the model in `folder`, of this description, takes such images."""
        if self.resolution != model["resolution"]:
            raise BadInput(
                "--images %s: %d pixels, but the model in %s takes %d; give it images of that size"
                % (self.names[0], self.resolution, folder, model["resolution"]))


class TrainingSets(Sets):
    """The rows that the verb `train` may see. train, validation: [uint8 (count, R, R, 3)]."""

    def __init__(self, arguments):
        count = arguments.train
        super(TrainingSets, self).__init__(arguments.images, 0, count + arguments.validation)
        self.train = [rows[:count] for rows in self.rows]
        self.validation = [rows[count:] for rows in self.rows]
        self.identity = {"sets": self.index, "train": count, "validation": arguments.validation}


def answer(out, sets, model, outputs, **versions):
    """Write what a method says of `sets` to `out`: scores.npy and others, then attribution.json.

    model: the description of the model. outputs: yields {name: float32 (n, ...)} of all rows in
    order, with "scores", (n, labels), among the names. With "familiarity", (n,), and a model that
    has a threshold of it, predictions say "known". versions: of what computed them.
    """
    atomic.make_folder(out)
    predictions, total = [], sum(map(len, sets.rows))
    progress = events.Progress(total)
    with Arrays(out, total) as files:
        for output in outputs:
            files.append(output)
            predictions += _predictions(model, **output)
            progress.step(len(predictions), len(output["scores"]))
    atomic.write_json(os.path.join(out, "attribution.json"), {
        "labels": model["labels"], "sets": sets.index, "predictions": predictions,
        "model_sha256": model["weights_sha256"], "made_by": command.made_by(**versions)})
    events.done(out=out)


class Arrays(object):
    """Files NAME.npy of `count` rows that grow together, and appear when the context ends well."""

    def __init__(self, folder, count):
        self._folder, self._count, self._streams = folder, count, {}

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        for path, stream in self._streams.items():
            stream.close()
            if error is None:
                os.rename(path + ".partial", path)

    def append(self, arrays):
        """Add {NAME: float32 rows}."""
        for name, rows in arrays.items():
            path = os.path.join(self._folder, name + ".npy")
            if path not in self._streams:
                self._streams[path] = self._start(path, rows.shape[1:])
            self._streams[path].write(np.ascontiguousarray(rows, "<f4").tobytes())

    def _start(self, path, shape):
        stream = open(path + ".partial", "wb")
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f4", "fortran_order": False, "shape": (self._count,) + shape})
        return stream


def _predictions(model, scores, familiarity=None, **_):
    """[{"label": the likeliest, "probability": its softmax}] of scores (n, labels).

    familiarity: (n,); each then says too whether it reaches the model's threshold, as "known".
    """
    labels = model["labels"]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = powers / powers.sum(axis=1, keepdims=True)
    found = [{"label": labels[best], "probability": round(float(row[best]), 6)}
             for row, best in zip(shares, shares.argmax(axis=1))]
    if familiarity is None or not model.get("unknown"):
        return found
    known = familiarity >= model["unknown"]["threshold"]
    return [dict(one, known=bool(passes)) for one, passes in zip(found, known)]


def _check(sets, needed):
    if len(set(found.resolution for found in sets.values())) > 1:
        raise BadInput("--images: the sets have different resolutions: " + ", ".join(
            "%s %d" % (name, found.resolution) for name, found in sets.items()))
    for name, found in sets.items():
        if found.count < needed:
            raise BadInput("--images %s: has %d images, %d are needed"
                           % (name, found.count, needed))


def named_folder(text):
    """An argument NAME=DIR: (name, folder)."""
    name, separator, folder = text.partition("=")
    if not (name and separator and folder):
        raise argparse.ArgumentTypeError("expected NAME=DIR, found %r" % text)
    return name, folder


def _add_train(verbs, start):
    parser = command.add_verb(verbs, "train",
                              "learn from image sets; continues from its own last checkpoint")
    add_images(parser, "a label and its image set; repeated, in the order of the labels")
    parser.add_argument("--train", required=True, type=command.count_argument, metavar="N",
                        help="learn from the first N images of every set")
    parser.add_argument("--validation", required=True, type=command.count_argument, metavar="N",
                        help="the N images after them may be looked at too; no others")
    if start:
        parser.add_argument("--start", metavar="DIR",
                            help="go on from this model of the same labels (default: from scratch)")
    command.add_training(parser)


def _add_attribute(verbs):
    parser = command.add_verb(verbs, "attribute", "say which source made each image of some sets")
    command.add_model(parser)
    add_images(parser, "an image set and any name for it; repeated")
    add_rows(parser, "every set")
    parser.add_argument("--out", required=True, metavar="DIR", help="where scores are written")
    command.add_device(parser)


def add_rows(parser, of):
    """Add --first and --count, the rows of a set. of: of which."""
    parser.add_argument("--first", type=command.seed_argument, default=0, metavar="N",
                        help="start at image N of %s (default: 0)" % of)
    parser.add_argument("--count", type=command.count_argument, metavar="N",
                        help="how many images of %s (default: the rest)" % of)


def add_images(parser, help_text):
    parser.add_argument("--images", required=True, action="append", type=named_folder,
                        metavar="NAME=DIR", help=help_text)
