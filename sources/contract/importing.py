"""What every verb `import` does with a published checkpoint: check its arrays, write the model."""

import numpy as np

from . import models
from .errors import BadInput
from .events import done
from .pickled import describe

_UNCOUNTED = 2 ** 53  # from here on float64 skips whole numbers
_FLOAT32 = np.dtype(np.float32)


def check(where, found, shapes, whole=()):
    """{name: array} of what a checkpoint holds, float32, if it is what a network takes.

    found: {name: array}, or whatever a file put there. shapes: {name: shape}, exactly these names.
    whole: names of counts, numbers of any type, which become int64. where: begins every message.
    Raises BadInput for what is missing, of another type or shape, not finite, no count, or belongs
    to no network.
    """
    for name in found:
        if name not in shapes:
            raise BadInput("%s: the variable %s belongs to no network of these settings"
                           % (where, describe(name)))
    return dict((name, _checked(where, name, found, shape, name in whole))
                for name, shape in shapes.items())


def write(arguments, checkpoint, resolution, architecture, **description):
    """Write the model that `import` has read; say that it is done.

    arguments: checkpoint, out and resolution, the one asked for or None. checkpoint: dict, what
    model.json says of the file. Raises BadInput, and writes nothing, for images of another
    resolution.
    """
    if arguments.resolution not in (None, resolution):
        raise BadInput("--checkpoint %s: is for images of %d pixels, the study has %d; take another"
                       % (arguments.checkpoint, resolution, arguments.resolution))
    source = {"architecture": architecture, "dataset": None, "subset": None, "seed": None}
    models.write(arguments.out, architecture, resolution=resolution, training=None,
                 source=dict(source, checkpoint=checkpoint), **description)
    done(model=arguments.out)


def _checked(where, name, found, shape, whole):
    if name not in found:
        raise BadInput("%s: the variable %s is missing" % (where, name))
    value = found[name]
    if not isinstance(value, (np.ndarray, np.generic)):
        raise BadInput("%s: %s is %s, where float32 %s is expected"
                       % (where, name, describe(value), shape))
    fits = value.dtype.kind in "iuf" if whole else value.dtype.newbyteorder("=") == _FLOAT32
    if not fits or value.shape != shape:
        raise BadInput("%s: %s is %s %s, where %s %s is expected" % (
            where, name, value.dtype, value.shape, "a number" if whole else _FLOAT32, shape))
    if not np.isfinite(value).all():
        raise BadInput("%s: %s holds values that are not finite" % (where, name))
    if not whole:
        return np.asarray(value, np.float32)
    if not ((value >= 0) & (value < _UNCOUNTED) & (value == np.floor(value))).all():
        raise BadInput("%s: %s holds %s, where a count is expected" % (where, name, value))
    return np.asarray(value, np.int64)
