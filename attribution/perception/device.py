"""Where the networks compute: where the classifier does, with all bits of float32 on a GPU too."""

from attribution import device
from sources.contract import events

VERSIONS = device.VERSIONS


def choose(wish):
    """Like attribution.device.choose; it says what was chosen."""
    chosen = device.choose(wish)  # in full float32: distances are small differences of large numbers
    events.log(f"computing on {chosen}")
    return chosen
