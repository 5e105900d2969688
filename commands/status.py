"""orchestrate.py status: which stages of a study are done."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from commands.options import store_option
from orchestration import data, identity, manifest, plan, recipes
from orchestration.progress import duration
from orchestration.stage import Plan
from orchestration.store import Store


@click.command()
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@store_option
def command(manifest_path: Path, store_path: Path) -> None:
    """Say which stages of MANIFEST are finished, begun or missing, and how long they took. Needs no Docker."""
    wanted, store = plan.expand(manifest.read(manifest_path)), Store(store_path)
    console = Console(highlight=False)
    for path, stages in data.missing(wanted).items():
        console.print(f"{path} is not there; {', '.join(stages)} needs it", markup=False, soft_wrap=True)
    console.print(_table(wanted, store))


def _table(wanted: Plan, store: Store) -> Table:
    absent = data.missing(wanted)
    hashes = data.Hashes(store, lambda path: None)
    keys = identity.identify(wanted, _content, lambda path: "" if path in absent else hashes(path)).keys
    table = Table(box=None, pad_edge=False)
    for title in ("stage", "state", "started", "took", "key"):
        table.add_column(title, no_wrap=True, justify="right" if title == "took" else "left")
    for stage in wanted.stages:
        table.add_row(stage.name, *_state(store, keys[stage.name]), keys[stage.name][:12])
    return table


def _state(store: Store, key: str) -> tuple[str, str, str]:
    """State, when it was started, how long it took."""
    if store.finished(key):
        record = store.record(key)
        return "finished", record["started"], duration(record["seconds"])
    if not store.partial(key).exists():
        return "missing", "", ""
    return ("begun" if store.is_free(key) else "running"), "", ""


def _content(image: str, flavour: str) -> str:
    """The content of our own images; what others are is known to an engine only, and their stages show as missing."""
    return recipes.recipe(image, flavour).content if recipes.exists(image) else ""
