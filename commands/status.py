"""orchestrate.py status: which stages of a study are done."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from commands.options import store_option
from commands.table import table
from orchestration import data, images, keys, manifest, plan
from orchestration.errors import NoEngine
from orchestration.progress import duration
from orchestration.stage import Plan
from orchestration.store import Store
from orchestration.text import printable


@click.command()
@click.argument("manifest_path", metavar="MANIFEST", type=click.Path(path_type=Path))
@store_option
def command(manifest_path: Path, store_path: Path) -> None:
    """Say which stages of MANIFEST are finished, begun or missing, and what they took. Needs no Docker.

    Of stages that a cluster has it says what the queue says of their jobs.
    """
    wanted, store = plan.expand(manifest.read(manifest_path)), Store(store_path)
    problems = data.problems(wanted)
    for path, text in problems.items():
        click.echo(printable(f"{path}: {text}"))
    rows = [("stage", "state", "took", "memory", "started", "key"), *_rows(wanted, store, problems)]
    click.echo(table(rows))


def _rows(wanted: Plan, store: Store, unusable: Collection[str]) -> Iterator[tuple[str, ...]]:
    hashes = data.Hashes(store, lambda *read: click.echo(printable(data.reading(*read)), err=True))
    found = keys.keyed(wanted, _image, lambda path, kind: "" if path in unusable else hashes(path, kind))
    jobs = _jobs(store, found.keys.values())
    for stage in found.needed(store.finished):
        key = found.keys[stage.name]
        yield stage.name, *_state(store, key, jobs.get(key)), key[:12]


def _jobs(store: Store, found: Collection[str]) -> dict[str, str]:
    """{key: what its job does} of stages that a cluster has, or had."""
    if not any(store.root.glob(".run/*.job")):
        return {}
    from orchestration.engines import slurm_queue

    try:
        return slurm_queue.told(store.root, found)
    except NoEngine as error:
        click.echo(str(error), err=True)
        return {}


def _state(store: Store, key: str, job: str | None) -> tuple[str, str, str, str]:
    """State, how long it took, its peak memory as far as it told it, when it was started.

    job: what its job on a cluster does.
    """
    if store.finished(key):
        record = store.record(key)
        return "finished", duration(record["seconds"]), _memory(record), record["started"]
    if job is not None:
        return job, "", "", ""
    if not store.partial(key).exists():
        return "missing", "", "", ""
    return ("begun" if store.is_free(key) else "running"), "", "", ""


def _memory(record: Mapping[str, Any]) -> str:
    peak = record.get("peak_memory")
    return "" if peak is None else f"{round(peak / (1 << 20))} MiB"


def _image(name: str, flavour: str) -> images.Image:
    """What a stage runs in. One made elsewhere only an engine knows: its stages show as missing."""
    return images.find(name, flavour, lambda reference: "unknown")
