"""The verb attribute."""

from attribution.baselines import device
from sources.contract import methods, models

_BLOCK = 64  # images that are looked at together


def attribute(arguments):
    """Write scores.npy, Eigenface's features.npy, and attribution.json."""
    sets = methods.Sets(arguments.images, arguments.first, arguments.count)
    device.choose(arguments.device)
    model, weights = models.read(arguments.model, arguments.method.NAME)
    sets.check_resolution(model, arguments.model)
    say = arguments.method.scorer(weights)
    outputs = (say(rows[start:start + _BLOCK]) for rows in sets.rows
               for start in range(0, len(rows), _BLOCK))
    methods.answer(arguments.out, sets, model, outputs, **device.VERSIONS)
