"""GPUs of this host, given out one by one to all who run stages on it: each under a lease.

The leases lie in a folder of the host, where every user may make files and remove only their own.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from orchestration import leases
from orchestration.leases import Lease


@contextlib.contextmanager
def attempt(gpus: Sequence[str], count: int) -> Iterator[Mapping[str, Lease] | None]:
    """`count` of `gpus` that nobody else has, for the time of the block; None if there are too few.

    Without `gpus`, what runs the stages gives its GPUs out itself: the mapping is empty.
    """
    with ExitStack() as stack:
        taken: dict[str, Lease] = {}
        for gpu in gpus:
            if len(taken) < count and (lease := stack.enter_context(leases.attempt(_path(gpu)))):
                taken[gpu] = lease
        if gpus and len(taken) < count:
            stack.close()  # all or none, or two who have half of what they need wait for each other
            yield None
        else:
            yield taken


def _path(gpu: str) -> Path:
    folder = Path(tempfile.gettempdir(), "ganfp-gpus")
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(0o1777)
    return folder / gpu.replace("/", "_")
