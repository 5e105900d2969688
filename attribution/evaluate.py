"""The verb evaluate: how often a model is right about images whose source is known."""

import numpy as np

from attribution import device, feeding
from attribution.inference import Attributor
from sources.contract import atomic, events
from sources.contract.errors import BadInput


def evaluate(arguments):
    """Write evaluation.json: accuracy, confusion matrix, precision and recall of every class."""
    sets = feeding.read_classes(arguments.images, arguments.first, arguments.count)
    events.log(f"computing on {device.choose(arguments.device)}")
    model = Attributor(arguments.model)
    _check(model, sets, arguments.model)
    rows = {name: image_set.images[arguments.first:][:arguments.count] for name, image_set in sets.items()}
    atomic.make_folder(arguments.out)
    atomic.write_json(f"{arguments.out}/evaluation.json", metrics(model.classes, _confusion(model, rows)))
    events.done(out=arguments.out)


def metrics(classes, confusion):
    """The content of evaluation.json. confusion: int (K, K), rows are true classes, columns predicted ones.

    Precision or recall of a class that was never predicted, or of which there are no images, is None.
    """
    right, images, predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        "classes": classes, "images": int(images.sum()), "accuracy": _share(right.sum(), images.sum()),
        "confusion": confusion.tolist(),
        "per_class": {name: {"precision": _share(right[label], predicted[label]),
                             "recall": _share(right[label], images[label]), "images": int(images[label])}
                      for label, name in enumerate(classes)}}


def _check(model, sets, folder):
    for name, image_set in sets.items():
        if name not in model.classes:
            raise BadInput(f"--images {name}: {folder} knows no such class; it knows {', '.join(model.classes)}")
        if image_set.resolution != model.resolution:
            raise BadInput(f"--images {name}: {image_set.resolution} pixels, but {folder} takes {model.resolution}")


def _confusion(model, rows):
    confusion = np.zeros((len(model.classes), len(model.classes)), int)
    progress = events.Progress(sum(map(len, rows.values())))
    for name, images in rows.items():
        for output in model.outputs(images):
            predicted = class_scores(output.logits).argmax(axis=1)
            np.add.at(confusion, (model.classes.index(name), predicted), 1)
            progress.step(int(confusion.sum()), len(predicted))
    return confusion


def class_scores(logits):
    """One logit per class, (n, labels): those of a fully convolutional head, (n, h, w, labels), are averaged."""
    return logits.mean(axis=tuple(range(1, logits.ndim - 1)))


def _share(part, whole):
    return float(part / whole) if whole else None
