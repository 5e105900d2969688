"""What it costs to run a finished study again, as it is and after a change of the report's page.

python benchmarks/rerun.py        (after `make reproduce-demo`)

Both against the work that the store saves: the seconds of all stages of the demo. Fails if the finished study takes
LIMIT_AGAIN_SECONDS or more, or the changed page LIMIT_PAGE_SECONDS or more. The change is made in a copy of the
repository, which shares the store's finished stages by hard links.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MANIFEST = "manifests/demo.yaml"
LIMIT_AGAIN_SECONDS, LIMIT_PAGE_SECONDS = 1.0, 5.0
ROUNDS = 5
RESULTS = Path(__file__).parent / "results" / "rerun.json"


def main() -> None:
    """Run again, change, run, print, keep, judge."""
    note = ROOT / "runs/demo/run.json"
    if not note.is_file():
        sys.exit("there is no finished demo; make reproduce-demo first")
    store = Path(json.loads(note.read_text())["store"])
    again = [seconds(ROOT, store) for _ in range(ROUNDS + 1)][1:]
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        page = [changed_page(Path(folder, str(number)), store, number) for number in range(ROUNDS)]
    work = sum(json.loads(path.read_text())["seconds"] for path in store.glob("*/stage.json"))
    results = {"stages_seconds": round(work, 1), "again_seconds": round(statistics.median(again), 2),
               "changed_page_seconds": round(statistics.median(page), 2),
               "again_share": round(statistics.median(again) / work, 5)}
    print(json.dumps(results))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    if results["again_seconds"] >= LIMIT_AGAIN_SECONDS or results["changed_page_seconds"] >= LIMIT_PAGE_SECONDS:
        sys.exit(f"beyond {LIMIT_AGAIN_SECONDS} s or {LIMIT_PAGE_SECONDS} s")


def seconds(repository: Path, store: Path) -> float:
    """What one run of the demo takes."""
    began = time.monotonic()
    subprocess.run([sys.executable, "orchestrate.py", "run", MANIFEST, "--store", str(store)],
                   cwd=repository, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def changed_page(folder: Path, store: Path, number: int) -> float:
    """What a run takes after an edit of page.html, in a copy of repository and store."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "store", "runs", "data", folder.parent.name)
    copy = Path(shutil.copytree(ROOT, folder / "repository", ignore=ignored))
    own = Path(shutil.copytree(store, folder / "store", copy_function=os.link))
    with (copy / "attribution/analysis/report/page.html").open("a") as page:
        page.write(f"<!-- change {number} {time.time()} -->\n")
    return seconds(copy, own)


if __name__ == "__main__":
    main()
