"""What a store holds, for whom, and the removal of what nobody needs."""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestration.errors import UserError
from orchestration.store import Store

Kind = Literal["finished", "begun", "removed", "other"]
_OURS = re.compile(r"(?P<key>[0-9a-f]{64})(?P<partial>\.partial|\.job)?(?P<removed>\.removed)?")


@dataclass(frozen=True)
class Item:
    """A file or folder of a store. key: of its stage, "" if it is of none. bytes: on disk.

    kind: "removed" is what an earlier removal, which was killed, left; "other" is of no stage.
    """

    path: Path
    key: str
    kind: Kind
    bytes: int


def items(store: Store) -> list[Item]:
    """All that a store holds; nothing if it is not there. What the nodes of a cluster write has items of its own."""
    paths = sorted(store.root.iterdir()) if store.root.is_dir() else []
    return [_item(store, path) for path in [*paths, *sorted(store.root.glob(".run/*.job*"))]]


def studies(store: Store, held: Iterable[Item]) -> dict[str, list[str]]:
    """{key: names of the studies that use it} of finished stages.

    A stage is used by the study that made it, and by those of the stages that were made from it.
    """
    records = {item.key: store.record(item.key) for item in held if item.kind == "finished"}
    users: dict[str, set[str]] = defaultdict(set)
    for key, record in records.items():
        if "study" in record:
            _claim(key, str(record["study"]), records, users)
    return {key: sorted(users[key]) for key in records}


def unneeded(held: Iterable[Item], needed: Collection[str]) -> list[Item]:
    """What was made for stages whose keys are not `needed`, and what earlier removals left."""
    ours = [item for item in held if item.key]
    return [item for item in ours if item.kind == "removed" or item.key not in needed]


def remove(store: Store, item: Item) -> bool:
    """Remove an item, unless somebody makes its stage just now; returns whether it is gone.

    It gets another name before any of it goes: half a stage never looks finished.
    """
    with store.lease(item.key) as lease:
        if lease is None or not item.path.exists():
            return False
        if item.kind == "removed":
            shutil.rmtree(item.path)
            return True
        gone = item.path.with_name(f"{item.path.name}.removed")
        shutil.rmtree(gone, ignore_errors=True)
        item.path.rename(gone)
        shutil.rmtree(gone)
        if item.kind == "begun":
            store.forget(item.key)
    return True


def _item(store: Store, path: Path) -> Item:
    name = _OURS.fullmatch(path.name)
    size = sum(_sizes(path))
    if name is None or path.is_symlink() or not path.is_dir():
        return Item(path, "", "other", size)
    if name["removed"]:
        return Item(path, name["key"], "removed", size)
    finished = not name["partial"] and _is_whole(store, name["key"])
    return Item(path, name["key"], "finished" if finished else "begun", size)


def _is_whole(store: Store, key: str) -> bool:
    try:
        return store.finished(key)
    except UserError:  # one that is damaged may go, too
        return False


def _sizes(path: Path) -> Iterator[int]:
    for file in (path, *_inside(path)):
        try:
            yield file.lstat().st_blocks * 512
        except FileNotFoundError:  # a run that goes on has removed it
            continue


def _inside(path: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(path):
        if path.name == ".run":
            folders[:] = [name for name in folders if ".job" not in name]
        yield from (Path(folder, name) for name in names)


def _claim(key: str, study: str, records: Mapping[str, Mapping[str, Any]],
           users: Mapping[str, set[str]]) -> None:
    if key in records and study not in users[key]:
        users[key].add(study)
        for made_from in records[key]["inputs"].values():
            _claim(made_from, study, records, users)
