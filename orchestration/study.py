"""Runs a study: whatever of it is not in the store yet, on an engine, before a person's eyes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing

from rich.console import Console

from orchestration import data, images
from orchestration.engines import Engine
from orchestration.errors import NoDevice, OrchestrationError, StageFailed, UserError
from orchestration.execution import Execution
from orchestration.identity import Identified, identify
from orchestration.images import Image
from orchestration.progress import Display, display
from orchestration.scheduler import Change, Failed, Skipped, Task, schedule
from orchestration.stage import Plan, Stage
from orchestration.store import Store

Say = Callable[[str], None]


def identified(plan: Plan, store: Store, image_id: Callable[[str], str], say: Say) -> Identified:
    """Give every stage of `plan` its key.

    image_id: finds the id of an image that no folder of containers/ makes. Raises UserError, one line for
    each data file that is not there or not what it should be.
    """
    problems = data.problems(plan)
    if problems:
        raise UserError("\n".join(f"{path}: {text}" for path, text in problems.items()))

    def find(image: str, flavour: str) -> Image:
        return images.find(image, flavour, image_id)

    return identify(plan, find, data.Hashes(store, lambda path: say(f"reading {path} once, for its hash")))


def unfinished(study: Identified, store: Store) -> list[Stage]:
    """The stages that are not in the store yet, in the order of the plan."""
    return [stage for stage in study.plan.stages if not store.finished(study.keys[stage.name])]


def run(study: Identified, store: Store, engine: Engine, console: Console) -> None:
    """Run what is unfinished.

    Raises what keeps it from beginning or, when all that could run has run, an error that names what failed.
    """
    stages = unfinished(study, store)
    store.require_space()
    needed = {study.images[stage.image, stage.flavour] for stage in stages}
    execution = Execution(study, store, engine)
    tasks = [Task(stage.name, tuple(stage.inputs.values()), stage.resources) for stage in stages]
    with display([stage.name for stage in stages], console) as shown:

        def stop() -> None:
            shown.say("stopping: what runs writes its checkpoint first; a second Ctrl-C does not wait for it")
            execution.stop()

        with closing(schedule(tasks, engine.nodes(), execution.run, stop)) as changes:
            engine.clean(store.root, store.is_free)
            engine.prepare(needed, lambda event: shown.note(str(event["message"])))
            _follow(changes, shown)


def _follow(changes: Iterable[Change], shown: Display) -> None:
    failed: list[Failed] = []
    skipped: list[str] = []
    for change in changes:
        shown.show(change)
        if isinstance(change, Skipped):
            skipped.append(change.task)
        elif isinstance(change, Failed):
            if not isinstance(change.error, OrchestrationError):
                raise change.error
            shown.say(str(change.error))
            failed.append(change)
    if failed:
        names = ", ".join(change.task for change in failed)
        lost = f"; {', '.join(skipped)} did not run, as they need it" if skipped else ""
        kind = NoDevice if all(isinstance(change.error, NoDevice) for change in failed) else StageFailed
        raise kind(f"{names} failed{lost}; all else is done and kept, and the same command runs what is left")
