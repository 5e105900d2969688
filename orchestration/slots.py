"""GPUs of this host, given out to all who run stages on it, whole or in parts: each under a lease.

The leases lie in a folder of the host, where every user may make files and remove only their own.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from orchestration import leases
from orchestration.leases import Lease


@contextlib.contextmanager
def attempt(gpus: Sequence[str], count: int, parts: int = 1) -> Iterator[Mapping[str, Lease] | None]:
    """`count` of `gpus`, or parts of so many, for the time of the block; None if there are too few.

    parts: of how many each GPU has; 1: it is ours alone. A GPU is never given out whole and in parts at once.
    Without `gpus`, what runs the stages gives its GPUs out itself: the mapping is empty.
    """
    with ExitStack() as stack:
        taken: dict[str, Lease] = {}
        for part, gpu in product(range(parts), gpus):  # one of each GPU before a second of any
            if gpu not in taken and len(taken) < count and (lease := _take(stack, gpu, part, parts)):
                taken[gpu] = lease
        if gpus and len(taken) < count:
            stack.close()  # all or none, or two who have half of what they need wait for each other
            yield None
        else:
            yield taken


def _take(stack: ExitStack, gpu: str, part: int, parts: int) -> Lease | None:
    """The lease on a part of a GPU or, where there is but one, on all of it; left to `stack`.

    Taken first and looked around afterwards: of two who want a GPU whole and in part, one at least sees the other.
    """
    with ExitStack() as own:
        lease = own.enter_context(leases.attempt(_path(gpu) if parts == 1 else _path(f"{gpu}.part-{part}")))
        others = _parts(gpu) if parts == 1 else {_path(gpu)}
        if lease is None or not all(map(leases.is_free, others)):
            return None
        stack.push(own.pop_all())
        return lease


def _parts(gpu: str) -> set[Path]:
    """What leases on parts of a GPU there are, or were."""
    whole = _path(gpu)
    files = whole.parent.glob(f"{whole.name}.part-*.*")
    return {file.with_suffix("") for file in files if file.suffix[1:].isdecimal()}


def _path(gpu: str) -> Path:
    folder = Path(tempfile.gettempdir(), "ganfp-gpus")
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(0o1777)
    return folder / gpu.replace("/", "_")
