"""The verb export: the weights as the published implementation saves them. No Chainer."""

import os

from sources.contract import arrays, atomic, events, models

from .model import ARCHITECTURE


def export(arguments):
    """Write generator.npz and discriminator.npz, which chainer.serializers.load_npz reads.

    The keys are those of the published snapshots, persistent values (avg_mean, avg_var, N, u) included.
    """
    _, weights = models.read(arguments.model, ARCHITECTURE)
    atomic.make_folder(arguments.out)
    for name in ("generator", "discriminator"):
        values = models.part(weights, name)
        if values:
            arrays.save(os.path.join(arguments.out, name + ".npz"), values)
    events.done(weights=arguments.out)
