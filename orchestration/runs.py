"""Runs a plan: whatever of it is not in the store yet, on an engine, before a person's eyes."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing

from rich.console import Console

from orchestration import data, images
from orchestration.engines import Engine
from orchestration.errors import NoDevice, OrchestrationError, StageFailed, UserError
from orchestration.execution import Execution
from orchestration.keys import KeyedPlan, keyed
from orchestration.progress import Display, display
from orchestration.scheduler import Change, Failed, Skipped, Task, schedule
from orchestration.stage import Plan, Stage
from orchestration.store import Store

Say = Callable[[str], None]


def with_keys(plan: Plan, store: Store, image_id: Callable[[str], str], say: Say) -> KeyedPlan:
    """Give every stage of `plan` its key.

    image_id: finds the id of an image that no folder of containers/ makes. Raises UserError, one line for
    each data file that is not there or not what it should be.
    """
    _require_usable(data.problems(plan))
    hashes = data.Hashes(store, lambda *read: say(data.reading(*read)))
    return keyed(plan, lambda name, flavour: images.find(name, flavour, image_id), hashes)


def _require_usable(problems: Mapping[str, str]) -> None:
    if problems:
        raise UserError("\n".join(f"{path}: {text}" for path, text in problems.items()))


def unfinished(wanted: KeyedPlan, store: Store) -> list[Stage]:
    """The stages that are not in the store yet, in the order of the plan."""
    return [stage for stage in wanted.plan.stages if not store.finished(wanted.keys[stage.name])]


def run(wanted: KeyedPlan, store: Store, engine: Engine, console: Console) -> None:
    """Run what is unfinished.

    Raises what keeps it from beginning or, when all that could run has run, an error that names what failed.
    """
    stages = unfinished(wanted, store)
    _require_usable(data.flaws(stages))
    store.require_space()
    execution = Execution(wanted, store, engine)
    tasks = [Task(stage.name, tuple(stage.inputs.values()), stage.resources) for stage in stages]
    with display([stage.name for stage in stages], console) as shown:

        def stop() -> None:
            execution.stop()  # before it is said, as nobody may be there any more to read it (run | head)
            shown.say(engine.parting)

        with closing(schedule(tasks, engine.nodes(), execution.run, stop)) as events:
            engine.clean(store.root, store.is_free)
            engine.check(store.root, [file for stage in stages for file in wanted.given(stage).values()], shown.say)
            needed = dict.fromkeys(wanted.image(stage) for stage in stages)
            engine.prepare(needed, lambda event: shown.note(str(event["message"])))
            _follow(events, shown)


def _follow(events: Iterable[Change], shown: Display) -> None:
    failed: list[Failed] = []
    skipped: list[str] = []
    for event in events:
        shown.show(event)
        if isinstance(event, Skipped):
            skipped.append(event.task)
        elif isinstance(event, Failed):
            if not isinstance(event.error, OrchestrationError):
                raise event.error
            shown.say(str(event.error))
            failed.append(event)
    if failed:
        names = ", ".join(event.task for event in failed)
        lost = f"; {', '.join(skipped)} did not run, as they need it" if skipped else ""
        kind = NoDevice if all(isinstance(event.error, NoDevice) for event in failed) else StageFailed
        raise kind(f"{names} failed{lost}; all else is done and kept, and the same command runs what is left")
