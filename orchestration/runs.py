"""Runs a plan: whatever of it is not in the store yet, on an engine, before a person's eyes."""

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing

from rich.console import Console

from orchestration import data, images
from orchestration.engines import Detached, Engine, Full
from orchestration.errors import NoDevice, OrchestrationError, StageFailed, UserError
from orchestration.execution import Execution
from orchestration.keys import KeyedPlan, keyed
from orchestration.progress import Display, display
from orchestration.scheduler import Change, Failed, Skipped, Task, schedule
from orchestration.stage import Plan, Stage
from orchestration.store import Store

_FULL_SECONDS = 15.0  # until a full queue is asked again
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
    """The stages that are needed and not in the store yet, in the order of the plan."""
    return [stage for stage in wanted.needed(store.finished) if not store.finished(wanted.keys[stage.name])]


def run(wanted: KeyedPlan, store: Store, engine: Engine, console: Console) -> None:
    """Run what is unfinished.

    Raises what keeps it from beginning or, when all that could run has run, an error that names what failed.
    """
    stages = unfinished(wanted, store)
    _require_usable(data.flaws(stages))
    store.require_space()
    execution = Execution(wanted, store, engine)
    tasks = [_task(stage) for stage in stages]
    with display([stage.name for stage in stages], console) as shown:

        def stop() -> None:
            execution.stop()  # before it is said, as nobody may be there any more to read it (run | head)
            shown.say(engine.parting)

        nodes = [node.shared(wanted.plan.slots_per_gpu) for node in engine.nodes()]
        with closing(schedule(tasks, nodes, execution.run, stop)) as events:
            _prepare(wanted, stages, store, engine, shown.say, shown.note)
            _follow(events, shown)


def detach(wanted: KeyedPlan, store: Store, engine: Engine, say: Say) -> None:
    """Submit what is unfinished, all of it at once, and leave it alone.

    Raises UserError for an engine whose stages end with the run, and what keeps it from beginning.
    """
    if not isinstance(engine, Detached):
        raise UserError(f"--detach: with {engine.name}, stages end when the run does; on a cluster take --engine slurm")
    stages = unfinished(wanted, store)
    _require_usable(data.flaws(stages))
    store.require_space()
    schedule([_task(stage) for stage in stages], engine.nodes(), lambda *_: None, lambda: None)  # refuses the too large
    _prepare(wanted, stages, store, engine, say, say)
    execution, numbers = Execution(wanted, store, engine), dict[str, int]()
    for stage in stages:
        after = [numbers[name] for name in stage.inputs.values() if name in numbers]
        numbers[stage.name] = _submit(execution, stage.name, after, say)
    say(f"{len(numbers)} jobs are queued or run")


def _submit(execution: Execution, name: str, after: list[int], say: Say) -> int:
    """Submit a stage, as soon as the queue takes it."""
    while True:
        try:
            return execution.submit(name, after)
        except Full as error:
            say(f"{name}: waiting for the queue: {error}")
            time.sleep(_FULL_SECONDS)


def _task(stage: Stage) -> Task:
    return Task(stage.name, tuple(stage.inputs.values()), stage.resources)


def _prepare(wanted: KeyedPlan, stages: list[Stage], store: Store, engine: Engine, say: Say, note: Say) -> None:
    """Have all that the stages run in, after a look whether they could."""
    engine.clean(store.root, store.is_free)
    engine.check(store.root, [file for stage in stages for file in wanted.given(stage).values()], say)
    needed = dict.fromkeys(wanted.image(stage) for stage in stages)
    engine.prepare(needed, lambda event: note(str(event["message"])))


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
