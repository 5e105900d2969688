"""A study of three shell scripts. As a program (shell_study.py STORE IMAGE) it can be killed.

`slow` writes the numbers 1 to 30 into a file, one every tenth of a second, and continues after the last one that
is there: every number stands there once, however often the study was killed, unless two of it ran at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from commands.interruption import interruptible
from orchestration import runs
from orchestration.engines.docker_engine import connect
from orchestration.errors import OrchestrationError
from orchestration.keys import KeyedPlan
from orchestration.stage import Plan, Resources, Stage
from orchestration.store import Store

NUMBERS = [str(number) for number in range(1, 31)]
_COUNT = """
trap 'exit 143' TERM
i=0
touch /out/numbers
while read line; do i=$line; done < /out/numbers
while [ $i -lt 30 ]; do
    i=$((i + 1))
    echo $i >> /out/numbers
    echo "{\\"event\\": \\"progress\\", \\"step\\": $i, \\"total\\": 30}"
    sleep 0.1
done
"""
_DONE = '{"event": "done", "peak_memory": 2097152, "cpu_seconds": 0.5}'


def stage(image: str, name: str, script: str, *needs: str, memory: int = 64 << 20) -> Stage:
    """A stage that runs a shell script."""
    return Stage(name, image, "cpu", ("-c", script), Resources(0, 1, memory), inputs={need: need for need in needs})


def plan(image: str) -> Plan:
    """quick -> slow -> last"""
    stages = (
        stage(image, "quick", "echo hello > /out/word"),
        stage(image, "slow", _COUNT, "quick"),
        stage(image, "last", f"cat /in/quick/word /in/slow/numbers > /out/all; echo '{_DONE}'", "quick", "slow"),
    )
    return Plan("shell", stages, {})


def run(wanted: Plan, store: Store) -> KeyedPlan:
    """Run it through Docker; returns its stages' keys."""
    engine = connect()
    known = runs.with_keys(wanted, store, engine.image_id, print)
    if runs.unfinished(known, store):
        runs.run(known, store, engine, Console())
    engine.client.close()
    return known


if __name__ == "__main__":
    try:
        with interruptible("this command"):
            run(plan(sys.argv[2]), Store(Path(sys.argv[1])))
    except OrchestrationError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
