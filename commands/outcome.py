"""What a run leaves behind: runs/STUDY/report, the page that can be mailed, and runs/STUDY/run.json."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestration import outputs
from orchestration.errors import UserError
from orchestration.keys import KeyedPlan
from orchestration.store import OWN_NAMES, Store, write_json
from orchestration.text import printable


def check_place(store: Store, study: str) -> None:
    """Make the folder that `deliver` writes to. Raises UserError if it could not."""
    folder = _folder(store, study)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        reason = "" if os.access(folder, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
    if reason:
        raise UserError(f"{folder}: {reason}; the report of a study goes to the folder runs beside its store: make it "
                        "one that may be written, or choose another store with --store")


def deliver(wanted: KeyedPlan, store: Store, say: Callable[[str], None]) -> None:
    """Copy the report out of the store, note which stages made it, and say where it is and what it found."""
    folder = _folder(store, wanted.plan.study)
    report, note = folder / "report", folder / "run.json"
    run = {"study": wanted.plan.study, "store": str(store.root), "stages": dict(wanted.keys),
           "results": dict(wanted.plan.results)}
    made = store.folder(wanted.keys[wanted.plan.results["report"]])
    if not (_is_copied(made, report) and _noted(note) == run):
        folder.mkdir(parents=True, exist_ok=True)
        _copy(made, report)
        write_json(note, run)
    for name, experiment in outputs.read_json(made / "results.json")["experiments"].items():
        say(printable(f"{name}: {experiment['headline']}"))
    say(f"report: {_short(report / 'index.html')}")


def _folder(store: Store, study: str) -> Path:
    return store.root.parent / "runs" / study


def _noted(note: Path) -> Any:
    """What a note says; None if it is not there, or was cut off."""
    try:
        return json.loads(note.read_text())
    except (FileNotFoundError, ValueError):
        return None


def _is_copied(made: Path, report: Path) -> bool:
    """Whether nothing of it was taken away since."""
    return all((report / name).exists() for name in os.listdir(made) if name not in OWN_NAMES)


def _copy(made: Path, report: Path) -> None:
    fresh = report.with_name("report.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(made, fresh, symlinks=True, ignore=shutil.ignore_patterns(*OWN_NAMES))
    shutil.rmtree(report, ignore_errors=True)
    fresh.rename(report)


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
