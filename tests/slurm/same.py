"""A study as jobs of the test cluster, against what an engine of this machine made of it:

    python -m tests.slurm.same MANIFEST STORE

STORE is where Docker ran the study before; it is read. Every file of every stage that both have is to be the same, but
for its record, its log, and the report's pages, which tell how long all took.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from orchestration.store import OWN_NAMES
from tests.slurm.cluster import Cluster
from tests.study.micro import finished, orchestrate

_TIMED = {*OWN_NAMES, "index.html", "results.json"}  # files that tell times


def differences(one: Path, other: Path) -> list[str]:
    """The files that are not the same in the stages that both stores have."""
    both = {name: (folder, other / folder.name) for name, folder in finished(one).items()}
    return [f"{name}/{file}" for name, (ours, theirs) in both.items() if theirs.is_dir()
            for file in _different(_hashes(ours), _hashes(theirs))]


def results(report: Path) -> Any:
    """What a study found: results.json without its times."""
    found = json.loads((report / "results.json").read_text())
    found["stages"] = sorted(stage["name"] for stage in found["stages"])
    return found


def _different(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return sorted({file for file, _ in one.items() ^ other.items()})


def _hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in _TIMED]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main(manifest: Path, other: Path) -> None:
    """Run, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cluster").mkdir()
        store = Path(folder, "store")
        with Cluster(Path(folder) / "cluster"):
            began = time.monotonic()
            told = orchestrate("run", manifest, "--engine", "slurm", "--store", store)
            took = time.monotonic() - began
        print(told.stdout + told.stderr)
        made = [folder.name for folder in finished(store).values()]
        common = sum((other / key).is_dir() for key in made)
        print(f"{len(made)} stages in {took:.0f} s; {common} of them are in {other}; not the same: "
              f"{differences(store, other) or 'nothing'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
