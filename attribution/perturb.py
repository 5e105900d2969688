"""The verb perturb: an image set to which something has happened."""

import numpy as np
import PIL

from attribution import copies, perturbations
from sources.contract.settings import read_config


def perturb(arguments):
    """Write the rows [first, first + count) of a set, perturbed, as a set of their own.

    A row depends on the row it was made from, its number in the old set, the seed and the settings
    alone. So without --first and --count each row stays at its place.
    """
    settings = perturbations.from_config(read_config(arguments.config))
    rows = copies.Rows(arguments.images, arguments.first, arguments.count)

    def change(block, number):
        return np.stack([perturbations.perturb(image, place, arguments.seed, settings)
                         for place, image in enumerate(block, number)])

    done = {"settings": settings._asdict(), "seed": arguments.seed, **rows.identity}
    copies.write(arguments.out, rows, change, "perturbed, then rounded", {"perturbation": done},
                 numpy=np.__version__, pillow=PIL.__version__)
