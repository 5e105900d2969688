"""The demo as it is, beside the demo as it was at a commit: from an empty store, in turn, on the same machine.

python benchmarks/demo.py [COMMIT]        (default: BEFORE)

Each with its own code, manifest and images, which are built beforehand. The goal, half of the time at equal accuracy,
is told here and fails nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "cd56986"  # the last commit at which every freed tensor went back to the kernel
RESULTS = Path(__file__).parent / "results" / "demo.json"


def main() -> None:
    """Build, run, print, keep, judge."""
    commit = sys.argv[1] if sys.argv[1:] else BEFORE
    with tempfile.TemporaryDirectory() as folder:
        then = Path(folder, "then")
        subprocess.run(["git", "clone", "--quiet", ROOT, then], check=True)
        subprocess.run(["git", "checkout", "--quiet", commit], cwd=then, check=True)
        for repository in (then, ROOT):
            orchestrate(repository, "images")
        before, now = (demo(repository, Path(folder, f"store-{number}"))
                       for number, repository in enumerate((then, ROOT)))
    results = {"commit": commit, "before": before, "now": now,
               "share": round(now["seconds"] / before["seconds"], 3)}
    print(json.dumps(results, indent=1))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def demo(repository: Path, store: Path) -> dict[str, float]:
    """Its seconds, and the percentage of images whose source it tells."""
    began = time.monotonic()
    said = orchestrate(repository, "run", "manifests/demo.yaml", "--store", str(store))
    seconds = time.monotonic() - began
    accuracy = re.search(r"^existence: (.*) %$", said, re.MULTILINE)
    assert accuracy is not None, said
    return {"seconds": round(seconds, 1), "accuracy": float(accuracy[1])}


def orchestrate(repository: Path, *words: str) -> str:
    """What orchestrate.py says to these words."""
    finished = subprocess.run([sys.executable, "orchestrate.py", *words], cwd=repository, check=True,
                              stdout=subprocess.PIPE, text=True)
    return finished.stdout


if __name__ == "__main__":
    main()
