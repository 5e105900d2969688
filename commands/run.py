"""orchestrate.py run: a study, or what is left of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import click
from rich.console import Console

from commands.interruption import interruptible
from commands.options import engine_option, store_option
from commands.publish import publish
from orchestration import manifest, plan, study
from orchestration.engines import Engine
from orchestration.repository import REPOSITORY
from orchestration.store import Store


@click.command()
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@engine_option
@store_option
def command(manifest_path: Path, engine: str | None, store_path: Path) -> None:
    """Run the study of MANIFEST, or what is left of it; its report goes to runs/STUDY/report, beside the store.

    A finished stage never runs again, a stopped one continues from its last checkpoint. Ctrl-C stops the run;
    the same command continues it.
    """
    console = Console(highlight=False)
    with interruptible(f"orchestrate.py run {manifest_path}"):
        _run(manifest_path, engine, Store(store_path), console)


def _run(manifest_path: Path, engine_name: str | None, store: Store, console: Console) -> None:
    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    @cache
    def engine() -> Engine:
        from orchestration.engines import choice  # not before it is needed: a finished study must not wait for it

        return choice.choose(engine_name, REPOSITORY, say)

    wanted = plan.expand(manifest.read(manifest_path))
    identified = study.identified(wanted, store, lambda image: engine().image_id(image), say)
    left = study.unfinished(identified, store)
    if left:
        say(f"{wanted.study}: {len(wanted.stages) - len(left)} of {len(wanted.stages)} stages are done")
        study.run(identified, store, engine(), console)
    publish(identified, store, say)
