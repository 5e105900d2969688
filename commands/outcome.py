"""What a run leaves behind: runs/STUDY/report, the page that can be mailed, and runs/STUDY/run.json."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from orchestration import outputs
from orchestration.keys import KeyedPlan
from orchestration.store import OWN_NAMES, Store, write_json
from orchestration.text import printable


def deliver(wanted: KeyedPlan, store: Store, say: Callable[[str], None]) -> None:
    """Copy the report out of the store, note which stages made it, and say where it is and what it found."""
    folder = store.root.parent / "runs" / wanted.plan.study
    report, note = folder / "report", folder / "run.json"
    run = {"study": wanted.plan.study, "store": str(store.root), "stages": dict(wanted.keys),
           "results": dict(wanted.plan.results)}
    if not (report.is_dir() and note.is_file() and json.loads(note.read_text()) == run):
        folder.mkdir(parents=True, exist_ok=True)
        _copy(store.folder(wanted.keys[wanted.plan.results["report"]]), report)
        write_json(note, run)
    for name, experiment in outputs.read_json(report / "results.json")["experiments"].items():
        say(printable(f"{name}: {experiment['headline']}"))
    say(f"report: {_short(report / 'index.html')}")


def _copy(made: Path, report: Path) -> None:
    fresh = report.with_name("report.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(made, fresh, symlinks=True, ignore=shutil.ignore_patterns(*OWN_NAMES))
    shutil.rmtree(report, ignore_errors=True)
    fresh.rename(report)


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
