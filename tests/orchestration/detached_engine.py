"""A third engine, as one for a cluster would be: its jobs outlive the orchestrator, which finds them again.

A job is a session of its own. In STORE/.jobs/KEY it leaves `process` (how it is known again), `events`,
which grows, and `status`, which appears by rename when it has ended.

As a program (detached_engine.py STORE) it runs a study of three stages, and can be killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from rich.console import Console

from commands.interruption import interruptible
from orchestration import host, runs
from orchestration.engines import STOPPING, Job, Result
from orchestration.engines.logs import Log
from orchestration.errors import OrchestrationError
from orchestration.events import Event, Tell
from orchestration.images import Foreign, Image
from orchestration.keys import KeyedPlan, keyed
from orchestration.stage import Node, Plan, Resources, Stage
from orchestration.store import Store

_JOB = """
cd "$2"; /bin/sh -c "$3" >> "$1/events" 2>> "$4"; echo $? > "$1/status.new"; mv "$1/status.new" "$1/status"
"""
_COUNT = """
echo $$ >> {out}/begun
trap 'exit 143' TERM
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    echo $i >> {out}/numbers; echo '{"event": "progress", "step": '$i', "total": 20}'; sleep 0.1
done
"""


class DetachedEngine:
    """Runs a stage's command in a shell."""

    name, caution, parting = "detached", "", STOPPING

    def nodes(self) -> tuple[Node, ...]:
        return Node("small", Resources(0, 1, 10)), Node("large", Resources(1, 2, 10), ("pretended",))

    def image_id(self, reference: str) -> str:
        return f"id of {reference}"

    def ask(self, image_id: str, verb: str) -> tuple[int, bytes]:
        return 2, b""

    def check(self, store: Path, files: Collection[Path], say: Callable[[str], None]) -> None:
        """A shell may do what we may."""

    def prepare(self, images: Collection[Image], tell: Tell) -> None:
        tell({"event": "log", "message": f"{len(images)} to prepare"})

    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        """What still runs is left alone: whoever wants it attaches to it."""

    def attach(self, job: Job) -> Detached | None:
        folder = _folder(job)
        if not (folder / "process").exists():
            return None
        return Detached(job, folder)

    def start(self, job: Job) -> Detached:
        folder = _folder(job)
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "in").mkdir(parents=True)
        for place, path in job.shown(str(folder / "in"), str(folder / "config")).items():
            Path(place).symlink_to(path)
        (folder / "events").touch()
        (script,) = job.command(str(folder / "in"), str(job.out), str(folder / "config"))
        words = ["/bin/sh", "-c", _JOB, "job", str(folder), str(job.out), script, str(job.log)]
        process = subprocess.Popen(
            words, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        (folder / "process.new").write_text(json.dumps(host.known(process.pid)))
        (folder / "process.new").rename(folder / "process")
        threading.Thread(target=process.wait, daemon=True).start()
        return Detached(job, folder)


class Detached:
    """A job that was started, by this orchestrator or another."""

    image_id = "a shell"

    def __init__(self, job: Job, folder: Path) -> None:
        self._folder, self._log = folder, Log(job.log)
        self._process = json.loads((folder / "process").read_text())

    def events(self) -> Iterator[Event]:
        with self._log as log, (self._folder / "events").open("rb") as events:
            ended = False
            while not ended:
                ended = (self._folder / "status").exists() or not host.lives(self._process)
                yield from log.output(events.read())
                time.sleep(0.02)
            yield from log.end()

    def result(self) -> Result:
        status = self._folder / "status"
        ended = int(status.read_text()) if status.exists() else 137
        shutil.rmtree(self._folder)
        return Result(ended, out_of_memory=False, last_lines=self._log.last_lines())

    def cancel(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process[0], signal.SIGTERM)


def _folder(job: Job) -> Path:
    return job.store / ".jobs" / job.key


def stage(name: str, script: str, *needs: str, gpus: int = 0) -> Stage:
    """A stage that runs a shell script."""
    return Stage(name, "any", "cpu", (script,), Resources(gpus, 1, 1), {"of": name}, {need: need for need in needs})


def with_keys(*stages: Stage) -> KeyedPlan:
    """The plan of `stages`."""
    return keyed(Plan("third", stages, {}), lambda name, flavour: Foreign(name, flavour, "id"),
                 lambda path, kind: "hash")


def counting() -> KeyedPlan:
    """Two stages that count, one of them on a GPU, and one that needs both."""
    last = stage("last", "cat {in}/one/numbers {in}/two/numbers > {out}/all", "one", "two")
    return with_keys(stage("one", _COUNT), stage("two", _COUNT, gpus=1), last)


if __name__ == "__main__":
    try:
        with interruptible("this command"):
            runs.run(counting(), Store(Path(sys.argv[1])), DetachedEngine(), Console())
    except OrchestrationError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
