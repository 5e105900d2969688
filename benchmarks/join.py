"""What it costs to put the shards of an image set together: every byte is written once.

python benchmarks/join.py [FOLDER]

Puts PARTS parts of an image set of SIZE_MIB at 128x128 together, in FOLDER (default: that of temporary files), which
needs three times the room, and copies the whole as a plain file, by turns, both until they are on the disk. The join
checks the hash of every part and tells that of the whole beside, whose cost is told too. Fails unless it wrote the set
once.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sources.contract import events, imagesets  # noqa: E402
from sources.real.join import join  # noqa: E402

ROUNDS = 3
PARTS, SIZE_MIB, RESOLUTION = 8, 768, 128
RESULTS = Path(__file__).parent / "results" / "join.json"


def main() -> None:
    """Measure, print, keep, judge."""
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as place:
        parts = [write_part(Path(place) / str(number), number) for number in range(PARTS)]
        rounds = [measure(parts, Path(place)) for _ in range(ROUNDS)]
    middle = {what: statistics.median(one[what] for one in rounds) for what in rounds[0]}
    result = {"image_set_mib": SIZE_MIB, "parts": PARTS, "rounds": ROUNDS,
              "written_for_each_byte": round(middle["written"] / (SIZE_MIB << 20), 4),
              "mib_per_second": {what: round(SIZE_MIB / middle[what]) for what in ("join", "copy", "hash")}}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    if result["written_for_each_byte"] > 1.001:
        sys.exit("the join wrote more than one copy")


def write_part(folder: Path, number: int) -> str:
    """One of the parts, of noise; returns its folder."""
    count = (SIZE_MIB << 20) // PARTS // (3 * RESOLUTION ** 2)
    images = np.random.RandomState(number).randint(0, 256, (count, RESOLUTION, RESOLUTION, 3), np.uint8)
    with imagesets.Writer(str(folder), count, RESOLUTION) as writer:
        writer.append(images)
        writer.finish("noise", {"architecture": "noise", "first": number * count}, {})
    return str(folder)


def measure(parts: list[str], place: Path) -> dict[str, float]:
    """Seconds of a join, of a copy of what it made and of the hash of that, and the bytes that the join wrote."""
    whole, copy = place / "whole", place / "copy"
    emit, events.emit = events.emit, lambda event, **fields: None
    before = written()
    joining = seconds(lambda: join(SimpleNamespace(images=parts, out=str(whole))))
    wrote, events.emit = written() - before, emit
    found = {"join": joining, "written": wrote,
             "copy": seconds(lambda: copied(whole / "images.npy", copy)),
             "hash": seconds(lambda: imagesets.hash_file(str(whole / "images.npy")))}
    shutil.rmtree(whole)
    copy.unlink()
    return found


def copied(path: Path, copy: Path) -> None:
    """A plain copy of a file, on the disk."""
    shutil.copyfile(path, copy)
    with copy.open("rb") as stream:
        os.fsync(stream.fileno())


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def written() -> int:
    """Bytes that this process has handed to files."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


if __name__ == "__main__":
    main()
