"""The verb remove: images changed so little that nobody sees it, and attributed to others."""

from typing import NamedTuple

from attribution import copies
from sources.contract import events, models
from sources.contract.errors import BadInput
from sources.contract.settings import Range, read

ALLOWED = {"epsilon": Range(least=0, below=256)}


class Settings(NamedTuple):
    """An attack on a model that is known: projected gradient descent, Madry et al. 2018."""

    epsilon: int = 2         # steps of 0..255 by which a value may change, up or down
    steps: int = 20          # of the descent; 0: what it starts from, a random change as large
    step_size: float = 0.25  # of a step, in epsilons: Madry et al. take 2 of 8 on CIFAR-10


def remove(arguments):
    """Write the rows [first, first + count) of a set, attacked, as a set of their own.

    --images LABEL=DIR: whose images they are. The model is to take them for anybody else's. Every
    value is at most epsilon away from what it was. A row depends on the row it was made from, its
    number in the old set, the model, the seed and the settings alone.
    """
    settings = read(Settings(), ALLOWED, arguments.config)
    label, folder = arguments.images
    rows = copies.Rows(folder, arguments.first, arguments.count)
    description, weights = models.read(arguments.model, "classifier", "visnet")
    _check(description, label, rows, arguments)
    from attribution import device, inference_tensorflow, removal  # late: they load TensorFlow

    chosen = device.choose(arguments.device, description["settings"]["precision"])
    events.log(f"computing on {chosen}")
    attack = removal.Removal(inference_tensorflow.Network(description, weights),
                             description["labels"].index(label), settings, arguments.seed)
    done = {"settings": settings._asdict(), "seed": arguments.seed, "label": label,
            "model_sha256": description["weights_sha256"], **rows.identity}
    copies.write(arguments.out, rows, attack.changed,
                 f"changed by {settings.epsilon} steps at most, then rounded", {"removal": done},
                 **device.VERSIONS)


def _check(model, label, rows, arguments):
    if label not in model["labels"]:
        raise BadInput(f"--images {label}: the model in {arguments.model} does not know this "
                       f"label; it has {', '.join(model['labels'])}")
    if rows.resolution != model["resolution"]:
        raise BadInput(f"--images {label}: {rows.resolution} pixels, but the model in "
                       f"{arguments.model} takes {model['resolution']}")
