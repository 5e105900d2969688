"""orchestrate.py store: what the store holds, and the removal of what is not needed."""

import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import click

from commands.interruption import interruptible
from commands.options import store_option
from commands.table import table
from orchestration import inventory, manifest, plan, runs
from orchestration.engines import Engine, choice
from orchestration.inventory import Item
from orchestration.store import Store

_WORDS = {"begun": "(begun, not finished)", "removed": "(left by a removal)",
          "other": "(other files)"}


@click.group()
def command() -> None:
    """Look at the store, or remove what is not needed."""


@command.command("du")
@store_option
def _du(store_path: Path) -> None:
    """Say what the store holds, by study. What several studies use is counted once."""
    store = Store(store_path)
    held = inventory.items(store)
    users = inventory.studies(store, held)
    groups: dict[str, list[Item]] = {}
    for item in held:
        finished = ", ".join(users.get(item.key, [])) or "(of no study)"
        groups.setdefault(_WORDS.get(item.kind, finished), []).append(item)
    names = sorted(groups, key=lambda name: (name[0] == "(", name))
    rows = [_row(name, groups[name]) for name in names]
    click.echo(table([("study", "stages", "size"), *rows, _row("all", held)]))


@command.command("gc")
@click.argument("manifests", metavar="MANIFEST...", nargs=-1, required=True,
                type=click.Path(path_type=Path))
@store_option
@click.option("--yes", is_flag=True, help="do not ask")
def _gc(manifests: Sequence[Path], store_path: Path, yes: bool) -> None:
    """Remove every stage, finished or begun, that no MANIFEST needs, after saying how much that is.

    A stage that a run is just making is kept.
    """
    with interruptible("orchestrate.py store gc"):
        store = Store(store_path)
        needed = {key for path in manifests for key in _keys(path, store)}
        left = inventory.unneeded(inventory.items(store), needed)
        free = [item for item in left if store.is_free(item.key)]
        click.echo(f"not needed: {_count(free)}")
        if len(free) < len(left):
            click.echo(f"being made just now, and kept: {_count([*{*left} - {*free}])}")
        if free and (yes or _confirmed()):
            removed = [item for item in free if inventory.remove(store, item)]
            click.echo(f"removed: {_count(removed)}")


def _keys(path: Path, store: Store) -> Iterable[str]:
    """The keys of all stages that a manifest needs."""

    @cache
    def engine() -> Engine:
        return choice.choose(None, click.echo)

    wanted = plan.expand(manifest.read(path))
    found = runs.with_keys(wanted, store, lambda name: engine().image_id(name), click.echo)
    return [found.keys[stage.name] for stage in found.needed(store.finished)]


def _confirmed() -> bool:
    if sys.stdin.isatty():
        return click.confirm("remove them?")
    click.echo("nothing was removed; --yes removes it")
    return False


def _row(name: str, held: Sequence[Item]) -> tuple[str, str, str]:
    stages = len({item.key for item in held if item.key})
    return name, str(stages or ""), _size(sum(item.bytes for item in held))


def _count(held: Sequence[Item]) -> str:
    return f"{len(held)} stage{'s' * (len(held) != 1)}, {_size(sum(item.bytes for item in held))}"


def _size(count: int) -> str:
    """Bytes as a person says them."""
    for unit, word in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if count >= unit:
            return f"{count / unit:.1f} {word}"
    return f"{count / 1024:.0f} KiB"
