"""Reading what methods wrote, for which nobody vouches: nothing is made that is larger than its file."""

import numpy as np

from sources.contract import arrays, atomic


def array(path):
    """The numbers in a .npy file. Raises BadInput if there are none."""
    return np.array(arrays.map_file(str(path)))


def index(path):
    """The dict in a JSON file. Raises OSError, ValueError."""
    said = atomic.read_json(str(path))
    if not isinstance(said, dict):
        raise ValueError("it is no object")
    return said


def names(said, rows):
    """The name of its image set for each of `rows` rows, text (rows,). said: an index that has `sets`.

    Raises KeyError, TypeError, ValueError for one that has not so many.
    """
    sets = [(str(one["name"]), one["count"]) for one in said["sets"]]
    if sum(count for _, count in sets) != rows:
        raise ValueError(f"its sets do not have the {rows} images that there are numbers of")
    return np.repeat([name for name, _ in sets], [count for _, count in sets])
