"""What it costs to ship an image set to the next container on one machine: a read-only mount, and no copy.

python benchmarks/shipping.py

Two studies of two stages. In the first, a stage writes an image set of SIZE_MIB and the next one is shown it; in the
second, the set is empty. Fails unless the file that the second container sees is the very file in the store, and
the store has not grown by its size.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from orchestration import runs  # noqa: E402
from orchestration.engines.docker_engine import DockerEngine, connect  # noqa: E402
from orchestration.stage import Plan, Resources, Stage  # noqa: E402
from orchestration.store import Store  # noqa: E402
from tests.orchestration import tiny  # noqa: E402

ROUNDS = 5
SIZE_MIB = 512
RESULTS = Path(__file__).parent / "results" / "shipping.json"
_WISH = Resources(gpus=0, cores=1, memory=64 << 20)


def main() -> None:
    """Measure, print, keep, judge."""
    engine = connect()
    image = tiny.build(engine.client)
    shipments = {size: [ship(engine, image, size) for _ in range(ROUNDS)] for size in (0, SIZE_MIB)}
    result = {
        "engine": engine.info["ServerVersion"],
        "image_set_bytes": SIZE_MIB << 20,
        "rounds": ROUNDS,
        "same_file": all(shipment["same_file"] for shipment in shipments[SIZE_MIB]),
        "bytes_added_to_store": shipments[SIZE_MIB][0]["bytes_added_to_store"],
        "seconds": {f"{size} MiB": median(shipments[size], "seconds") for size in shipments},
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    if not result["same_file"] or result["bytes_added_to_store"] > 1 << 20:
        sys.exit("the image set was copied")


def ship(engine: DockerEngine, image: str, size: int) -> dict[str, float]:
    """Show a set of `size` MiB to a stage that says which file it sees."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        make = Stage("make", image, "cpu", ("-c", f"dd if=/dev/zero of=/out/images.npy bs=1M count={size}"), _WISH)
        look = ("-c", "ls -i /in/make/images.npy > /out/inode")
        show = Stage("show", image, "cpu", look, _WISH, inputs={"make": "make"})
        keys = run(engine, store, make)
        stored = size_of(store.root)
        keys = run(engine, store, make, show)
        inode = int((store.folder(keys["show"]) / "inode").read_text().split()[0])
        return {
            "same_file": inode == (store.folder(keys["make"]) / "images.npy").stat().st_ino,
            "bytes_added_to_store": size_of(store.root) - stored,
            "seconds": store.record(keys["show"])["seconds"],
        }


def run(engine: DockerEngine, store: Store, *stages: Stage) -> dict[str, str]:
    """Run a study; returns the keys of its stages."""
    known = runs.with_keys(Plan("shipping", stages, {}), store, engine.image_id, print)
    runs.run(known, store, engine, Console(quiet=True))
    return dict(known.keys)


def size_of(folder: Path) -> int:
    """Bytes that the files below a folder take on disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def median(shipments: list[dict[str, float]], what: str) -> float:
    """The median of one of the numbers of several shipments."""
    return statistics.median(shipment[what] for shipment in shipments)


if __name__ == "__main__":
    main()
