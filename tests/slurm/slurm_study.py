"""The study of shell scripts, as jobs of Slurm: slurm_study.py STORE IMAGE [run, detach or cancel]. It can be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from commands.interruption import interruptible
from orchestration import runs
from orchestration.engines import slurm_engine
from orchestration.errors import OrchestrationError
from orchestration.stage import Plan
from orchestration.store import Store
from tests.study.shell_study import plan


def run(wanted: Plan, store: Store) -> None:
    """Run it."""
    engine = slurm_engine.connect()
    known = runs.with_keys(wanted, store, engine.image_id, print)
    if runs.unfinished(known, store):
        runs.run(known, store, engine, Console())


if __name__ == "__main__":
    try:
        with interruptible("this command"):
            run(plan(sys.argv[2]), Store(Path(sys.argv[1])))
    except OrchestrationError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
