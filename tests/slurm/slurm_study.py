"""A study of shell scripts as jobs of Slurm. As a program (slurm_study.py STORE IMAGE VERB) it can be killed.

VERB is run, detach or cancel.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from commands.interruption import interruptible
from orchestration import runs
from orchestration.engines import slurm_engine, slurm_queue
from orchestration.errors import OrchestrationError
from orchestration.keys import KeyedPlan
from orchestration.stage import Plan
from orchestration.store import Store
from tests.study.shell_study import stage

_PATIENT = """
trap 'touch /out/hurry; exit 143' TERM
i=0
touch /out/numbers
while read line; do i=$line; done < /out/numbers
while [ $i -lt 30 ]; do
    i=$((i + 1))
    echo $i >> /out/numbers
    echo "{\\"event\\": \\"progress\\", \\"step\\": $i, \\"total\\": 30}"
    ls /out/hurry 2>&1 || sleep 0.3
done
"""

slurm_queue.ASK_SECONDS = 1.0  # there is one user here, and he has no time


def plan(image: str) -> Plan:
    """quick -> slow -> last, as in shell_study, but slow takes its time unless it was stopped once."""
    stages = (
        stage(image, "quick", "echo hello > /out/word"),
        stage(image, "slow", _PATIENT, "quick"),
        stage(image, "last", "cat /in/quick/word /in/slow/numbers > /out/all", "quick", "slow"),
    )
    return Plan("shell", stages, {})


def run(wanted: Plan, store: Store, verb: str = "run") -> KeyedPlan:
    """Do with a plan what the verb of orchestrate.py does with that of a manifest; returns its stages' keys."""
    engine = slurm_engine.connect()
    known = runs.with_keys(wanted, store, engine.image_id, print)
    if verb == "cancel":
        print("cancelled:", engine.cancel(store.root, known.keys.values()))
    elif verb == "detach":
        runs.detach(known, store, engine, print)
    elif runs.unfinished(known, store):
        runs.run(known, store, engine, Console())
    return known


if __name__ == "__main__":
    try:
        with interruptible("this command"):
            run(plan(sys.argv[2]), Store(Path(sys.argv[1])), sys.argv[3])
    except OrchestrationError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
