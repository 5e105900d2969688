"""orchestrate.py run: a study, or what is left of it."""

from functools import cache
from pathlib import Path

import click
from rich.console import Console

from commands import outcome
from commands.interruption import interruptible
from commands.options import engine_option, experiment_option, store_option
from orchestration import manifest, plan, runs, settings
from orchestration.engines import Engine
from orchestration.store import Store
from orchestration.text import printable


@click.command()
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@experiment_option
@engine_option
@store_option
@click.option("--detach", is_flag=True, help="submit it all to a cluster, and return (--engine slurm)")
def command(manifest_path: Path, only: tuple[str, ...], engine: str | None, store_path: Path, detach: bool) -> None:
    """Run the study of MANIFEST, or what is left of it; its report goes to runs/STUDY/report, beside the store.

    A finished stage never runs again, a stopped one continues from its last checkpoint. Ctrl-C stops the run;
    the same command continues it. On a cluster, jobs go on after Ctrl-C, and the same command comes back to them.
    """
    console = Console(highlight=False)
    with interruptible(f"orchestrate.py run {manifest_path}"):
        _run(manifest_path, only, engine, Store(store_path), console, detach)


def _run(manifest_path: Path, only: tuple[str, ...], engine_name: str | None, store: Store,
         console: Console, detach: bool) -> None:
    def say(line: str) -> None:
        console.print(printable(line), markup=False, soft_wrap=True)

    @cache
    def engine() -> Engine:
        from orchestration.engines import choice  # not before it is needed: a finished study must not wait for it

        return choice.choose(engine_name, say)

    stated = manifest.read(manifest_path)
    study = plan.expand(stated, only)
    unchecked = settings.check(manifest_path, stated, study, engine)  # before much data is read for its hash
    wanted = runs.with_keys(study, store, lambda image: engine().image_id(image), say)
    left, stages = runs.unfinished(wanted, store), wanted.plan.stages
    if left:
        for line in unchecked:
            say(line)
        outcome.check_place(store, study.study)
        say(f"{wanted.plan.study}: {len(stages) - len(left)} of {len(stages)} stages are done")
        if detach:
            runs.detach(wanted, store, engine(), say)
            return
        runs.run(wanted, store, engine(), console)
    outcome.deliver(wanted, store, say)
