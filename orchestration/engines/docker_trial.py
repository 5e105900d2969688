"""Whether an engine can run stages at all, found out in a second, before anything is built for them.

The trial is a container that is made as a stage's is, of an image with nothing in it: the only
program inside is the init that the engine itself puts there.
"""

import io
import tarfile
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

from orchestration import mends
from orchestration.engines import Job, docker_containers
from orchestration.errors import UserError
from orchestration.images import Foreign, archives
from orchestration.stage import Resources, Stage

_NOTHING = "ganfp/nothing:1"
_WISH = Resources(gpus=0, cores=1, memory=64 << 20)
_TOKEN = "token"
_REFUSED = "the engine cannot run stages"
_EMPTY = bytes(1024)  # a tar archive of no files


def check(client: docker.DockerClient, info: Mapping[str, Any], store: Path, files: Collection[Path]) -> None:
    """Raise UserError if it cannot start containers as stages need them, or sees other files than we do."""
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".trial-", dir=store) as folder:
        job = _job(Path(folder), files)
        try:
            if not client.images.list(_NOTHING):
                archives.of_files(client, _EMPTY, _NOTHING)
            seen = _try(client, docker_containers.arguments(job, _NOTHING, info, {}))
        except APIError as error:
            raise UserError(f"{_REFUSED}: {mends.explain(str(error.explanation))}") from error
    if seen != Path(folder).name:
        raise UserError(f"{_REFUSED}: {store}: {mends.mend('bind source path does not exist')}")


def _job(folder: Path, files: Collection[Path]) -> Job:
    """A stage that would write below `folder`, where the name of that folder lies for it."""
    places = sorted({file.parent for file in files})  # instead of files, of which there may be 200,000
    config, out = folder / "config.json", folder / "out"
    out.mkdir()
    config.write_text("{}")
    (out / _TOKEN).write_text(folder.name)
    stage = Stage("trial", _NOTHING, "cpu", ("/sbin/docker-init", "--version"), _WISH)
    return Job(stage=stage, study="", key="", image=Foreign(_NOTHING, "cpu", _NOTHING), out=out,
               log=folder / "log", inputs={str(number): place for number, place in enumerate(places)},
               config=config, gpus=(), store=folder, hold=lambda pid: None)


def _try(client: docker.DockerClient, arguments: Mapping[str, Any]) -> str:
    """Run the container; returns the token as the engine sees it, "" if it does not."""
    container = client.containers.create(**arguments)
    try:
        container.start()
        container.wait()  # with a status of no interest: other engines have the init elsewhere
        return _read(container)
    finally:
        container.remove(force=True)


def _read(container: Any) -> str:
    try:
        chunks, _ = container.get_archive(f"/out/{_TOKEN}")
    except APIError:
        return ""
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        token = archive.extractfile(_TOKEN)
        return token.read().decode() if token else ""
