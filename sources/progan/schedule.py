"""How the networks grow (section 2): the level of detail as a function of the real images shown so far.

At lod log2(R) - 2 there is only the 4x4 image. Each unit less doubles the resolution; between two whole
numbers the higher resolution fades in. At lod 0 the networks have grown.
"""

import numpy as np

from . import variables

_REPEATS = 4  # steps between two looks at the schedule (published implementation)


def lod_at(step, settings, network):
    """The level of detail of step `step`, float32."""
    kimg = step // _REPEATS * _REPEATS * settings.minibatch / 1000
    grown, into = divmod(kimg, settings.stable_kimg + settings.fade_kimg)
    faded = max(into - settings.stable_kimg, 0) / settings.fade_kimg
    return np.float32(max(variables.stages(network) - 2 - grown - faded, 0))


def same_layers(lod, other):
    """Whether two levels of detail use the same layers; where they do not, the optimisers start anew."""
    return np.floor(lod) == np.floor(other) and np.ceil(lod) == np.ceil(other)
