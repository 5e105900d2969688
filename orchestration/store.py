"""The store: finished stages, each in a folder named by the hash of everything that went into it.

    <key>/            a finished stage: what it wrote, stage.json and stage.log; it appeared by rename
    <key>.partial/    what a stage that runs, or was stopped, or failed, wrote; the next run continues in it
    .run/<key>.*      what it cannot write to: its lease, its log, the configuration and inputs it is shown
    files.json        hashes of data files, so that a large archive is read once
"""

import contextlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestration import leases, outputs, ownership
from orchestration.errors import UserError
from orchestration.leases import Lease

FORMAT = 1
OWN_NAMES = ("stage.json", "stage.log")  # in a finished stage; no container may make files of these names


class Store:
    """A store on disk. Orchestrators, of several hosts too, may share it: each stage has a lease.

    least_free: bytes of its disk without which nothing begins. elsewhere: what chooses another place for it.
    """

    least_free, elsewhere = 1 << 30, "--store DIR"

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def folder(self, key: str) -> Path:
        """Where the finished stage `key` is."""
        return self.root / key

    def partial(self, key: str) -> Path:
        """Where the stage `key` writes while it runs."""
        return self.root / f"{key}.partial"

    def log(self, key: str) -> Path:
        """The log of a stage, finished or not."""
        return self.folder(key) / "stage.log" if self.finished(key) else self._aside(key, "log")

    def finished(self, key: str) -> bool:
        """Whether the stage `key` is there, whole. Raises UserError as `record`."""
        return (self.folder(key) / "stage.json").is_file() and bool(self.record(key))

    def record(self, key: str) -> dict[str, Any]:
        """The stage.json of a finished stage. Raises UserError for one that is not as `finish` wrote it."""
        path = self.folder(key) / "stage.json"
        with contextlib.suppress(ValueError):
            found = outputs.read_json(path)
            if isinstance(found, dict) and found.get("key") == key:
                return found
        raise UserError(f"{path}: damaged, as on a disk that was full or failed; remove that folder, and the stage "
                        "is made again")

    def begin(self, key: str, config: Mapping[str, Any]) -> Path:
        """Make what a stage needs to run; returns the path of its configuration."""
        partial = self.partial(key)
        partial.mkdir(parents=True, exist_ok=True)
        reopen(partial)
        self._aside(key, "log").touch()
        path = self._aside(key, "config.json")
        write_json(path, dict(config))
        return path

    def finish(self, key: str, record: Mapping[str, Any], made: Path | None = None) -> None:
        """Make the partial folder of a stage, with its record and its log, its finished one.

        Nothing may write to it any more. made: it, where it is not at its place.
        Raises FileExistsError if it has a file of OWN_NAMES.
        """
        partial, log, whole = made or self.partial(key), self._aside(key, "log"), self._aside(key, "stage.json")
        write_json(whole, {"format": FORMAT, "key": key, **record})
        os.link(log, partial / "stage.log")  # the log itself stays until all is done
        os.link(whole, partial / "stage.json")
        partial.rename(self.folder(key))
        for path in (log, whole, self._aside(key, "config.json")):
            path.unlink()

    def forget(self, key: str) -> None:
        """Remove what was made for a stage to be run, but for its lease."""
        for path in self._aside(key, "").parent.glob(f"{key}.*"):
            if path.is_dir():
                shutil.rmtree(path)
            elif not path.name.startswith(f"{key}.lease."):
                path.unlink()

    @contextlib.contextmanager
    def lease(self, key: str) -> Iterator[Lease | None]:
        """The lease on the stage `key` for the time of the block, or None if another has it."""
        with leases.attempt(self._aside(key, "lease")) as lease:
            os.listdir(self.root)  # or NFS goes on to say that a stage is not there
            yield lease

    def is_free(self, key: str) -> bool:
        """Whether nobody has the lease on the stage `key`, nor writes to it on the node of a cluster."""
        aside = self.root / ".run"  # made by whoever takes a lease, not by who asks
        return leases.is_free(aside / f"{key}.lease") and not self.written_by_job(key)

    def written_by_job(self, key: str) -> bool:
        """Whether the node of a cluster makes the stage `key` just now."""
        return not leases.is_free(self.root / ".run" / f"{key}.writer")

    def require_space(self, more: int = 0) -> None:
        """Raise UserError if the store cannot be written, or has too little room to begin anything.

        more: bytes that are wanted beside those without which nothing begins.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for folder in (self.root, self.root / ".run"):
                if folder.is_dir():
                    tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            whose = ownership.mend(Path(error.filename or self.root), "let us write there")
            text = f"{self.root}: {error.strerror}; {whose} choose another place: {self.elsewhere}"
            raise UserError(text) from error
        free, needed = shutil.disk_usage(self.root).free, self.least_free + more
        if free < needed:
            raise UserError(f"{self.root}: the disk has {free >> 20} MiB left, a run needs {needed >> 20} MiB "
                            f"at least; make room, or choose another disk: {self.elsewhere}")

    def _aside(self, key: str, name: str) -> Path:
        folder = self.root / ".run"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{key}.{name}"


class Scratch(Store):
    """A store for a single command, in a folder of temporary files: room for what it says, and for a log."""

    least_free, elsewhere = 64 << 20, "TMPDIR=DIR"


def reopen(partial: Path) -> None:
    """Make what a run of a stage left one that the next can go on in."""
    if not os.access(partial, os.W_OK | os.X_OK):  # a container took our right away
        partial.chmod(0o755)
    for name in OWN_NAMES:  # of a `finish` that was interrupted, or of a container
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            (partial / name).unlink()


def write_json(path: Path, value: Any) -> None:
    """Write JSON to a file that appears by rename."""
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with partial.open("w") as stream:
            json.dump(value, stream, indent=1, sort_keys=True)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:  # such as a full disk, which must not be filled with more and more of them
        partial.unlink(missing_ok=True)
        raise
