"""orchestrate.py status: which stages of a study are done."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from commands.options import store_option
from commands.table import table
from orchestration import data, images, keys, manifest, plan
from orchestration.progress import duration
from orchestration.stage import Plan
from orchestration.store import Store
from orchestration.text import printable


@click.command()
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@store_option
def command(manifest_path: Path, store_path: Path) -> None:
    """Say which stages of MANIFEST are finished, begun or missing, and what they took. Needs no Docker."""
    wanted, store = plan.expand(manifest.read(manifest_path)), Store(store_path)
    problems = data.problems(wanted)
    for path, text in problems.items():
        click.echo(printable(f"{path}: {text}"))
    rows = [("stage", "state", "took", "memory", "started", "key"), *_rows(wanted, store, problems)]
    click.echo(table(rows))


def _rows(wanted: Plan, store: Store, unusable: Collection[str]) -> Iterator[tuple[str, ...]]:
    hashes = data.Hashes(store, lambda *read: click.echo(printable(data.reading(*read)), err=True))
    found = keys.keyed(wanted, _image, lambda path, kind: "" if path in unusable else hashes(path, kind))
    for stage in found.needed(store.finished):
        yield stage.name, *_state(store, found.keys[stage.name]), found.keys[stage.name][:12]


def _state(store: Store, key: str) -> tuple[str, str, str, str]:
    """State, how long it took, its peak memory as far as it told it, when it was started."""
    if store.finished(key):
        record = store.record(key)
        return "finished", duration(record["seconds"]), _memory(record), record["started"]
    if not store.partial(key).exists():
        return "missing", "", "", ""
    return ("begun" if store.is_free(key) else "running"), "", "", ""


def _memory(record: Mapping[str, Any]) -> str:
    peak = record.get("peak_memory")
    return "" if peak is None else f"{round(peak / (1 << 20))} MiB"


def _image(name: str, flavour: str) -> images.Image:
    """What a stage runs in. One made elsewhere only an engine knows: its stages show as missing."""
    return images.find(name, flavour, lambda reference: "unknown")
