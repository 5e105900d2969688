"""Images as folders of files, for what runs them on machines without a Docker Engine.

    .images/<id>/root          all its files, as those of whoever exported it
    .images/<id>/config.json   what it starts, where, with which variables
    .images/names/<reference>  the id of what has this name

They lie in the repository, which all nodes of a cluster see, and serve every store.
"""

import contextlib
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote, unquote

import docker

from orchestration import leases
from orchestration.errors import UserError
from orchestration.events import Tell
from orchestration.repository import REPOSITORY
from orchestration.store import write_json

FOLDER = REPOSITORY / ".images"
_PLACES = ("proc", "sys", "dev", "tmp", "in", "out")  # where something is put when it runs
_CONFIGURATION, _ID = "config.json", "sha256:"


@dataclass(frozen=True)
class Exported:
    """An image in a folder. id: as the Docker Engine calls it. command: what it starts, before a stage's words."""

    id: str
    root: Path
    command: tuple[str, ...]
    variables: dict[str, str]
    folder: str


def find(reference: str) -> Exported | None:
    """The image of this name or id, if it was exported."""
    try:
        if reference.startswith(_ID):
            return _read(FOLDER / reference.removeprefix(_ID))
        return _read(FOLDER / (FOLDER / "names" / quote(reference, "")).read_text())
    except FileNotFoundError:
        return None


def any_of(name: str) -> Exported | None:
    """Any image that a folder of containers/ makes, or one made elsewhere, if it was exported."""
    references = [unquote(path.name) for path in sorted((FOLDER / "names").glob("*"))]
    return next((find(reference) for reference in references
                 if reference == name or reference.startswith(f"ganfp/{name}:")), None)


def export(client: docker.DockerClient, reference: str, tell: Tell) -> Exported:
    """Make an image that the engine has a folder, unless it is one. The engine has it."""
    image = client.images.get(reference)
    folder = FOLDER / str(image.id).removeprefix(_ID)
    folder.parent.mkdir(exist_ok=True)
    with leases.hold(folder.with_name(f"{folder.name}.lease")):
        if not folder.is_dir():
            tell({"event": "log", "message": f"exporting {reference}"})
            _make(client, str(image.id), image.attrs["Config"], folder)
    _name(reference, folder.name)
    return _read(folder)


def _make(client: docker.DockerClient, image_id: str, configuration: dict[str, Any], folder: Path) -> None:
    """Fill a folder that appears by rename. What a run that was killed left of it goes away first."""
    for left in folder.parent.glob(f"{folder.name}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f"{folder.name}.new-", dir=folder.parent))
    container = client.containers.create(image_id, command=["-"], entrypoint=["-"])
    try:
        chunks: Any = container.export(chunk_size=1 << 20)
        _unpack(chunks, new / "root")
    except tarfile.FilterError as error:
        raise UserError(f"image {image_id}: a file of it would get out of its folder ({error})") from error
    finally:
        container.remove(force=True)
    for place in (*_PLACES, _CONFIGURATION):
        _make_place(new / "root" / place)
    kept = {name: configuration.get(name) for name in ("Entrypoint", "Env", "WorkingDir")}
    write_json(new / _CONFIGURATION, {"id": image_id, **kept})
    new.chmod(0o755)
    new.rename(folder)


def _make_place(place: Path) -> None:
    """A folder, or a file for the configuration, that something can be mounted on."""
    if place.is_symlink():  # wherever a stranger has it lead
        place.unlink()
    if place.name == _CONFIGURATION:
        place.touch()
    else:
        place.mkdir(exist_ok=True)


def _unpack(chunks: Iterator[bytes], root: Path) -> None:
    """Unpack a tar archive of a stranger's files: none of them gets out of `root`, none is a device."""
    with tarfile.open(fileobj=cast(IO[bytes], _Stream(chunks)), mode="r|") as archive:
        files = (file for file in archive if file.isfile() or file.isdir() or file.issym() or file.islnk())
        archive.extractall(root, files, filter=_owned)


def _owned(file: tarfile.TarInfo, root: str) -> tarfile.TarInfo | None:
    """As the `tar` filter has it, and so that its owner, who is whoever exports it, may read and remove it."""
    safe = tarfile.tar_filter(file, root)
    mode = None if safe.mode is None else safe.mode | (0o700 if safe.isdir() else 0o600)
    return safe.replace(mode=mode, uid=None, gid=None, uname=None, gname=None, deep=False)  # type: ignore[arg-type]


class _Stream:
    """Chunks, as a file that is read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def read(self, size: int) -> bytes:
        parts = [self._rest]
        while sum(map(len, parts)) < size and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]


def _name(reference: str, name: str) -> None:
    place = FOLDER / "names" / quote(reference, "")
    place.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if place.read_text() == name:
            return
    new = place.with_name(f"{place.name}.new")
    new.write_text(name)
    new.replace(place)


def _read(folder: Path) -> Exported:
    said = json.loads((folder / _CONFIGURATION).read_text())
    variables = dict(pair.split("=", 1) for pair in said["Env"] or [])
    return Exported(said["id"], folder / "root", tuple(said["Entrypoint"] or ()), variables, said["WorkingDir"] or "/")
