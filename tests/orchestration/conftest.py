"""A Docker Engine to test with, and an image of a few kilobytes made from this machine's own shell."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.engines import Job
from orchestration.engines.docker import DockerEngine, connect
from orchestration.errors import NoEngine
from orchestration.stage import Resources, Stage

TOOLS = ("sh", "cat", "id", "sleep", "tail", "touch", "ls", "df", "stat")
MEGABYTE = 1 << 20


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerEngine]:
    try:
        engine = connect()
    except NoEngine as error:
        pytest.skip(str(error))
    yield engine
    engine.client.close()


@pytest.fixture(scope="session")
def tiny_image(docker_engine: DockerEngine) -> Iterator[str]:
    """An image whose entrypoint is a shell, with TOOLS in it."""
    reference = "ganfp-test/tiny:latest"
    docker_engine.client.api.import_image_from_data(
        _root_filesystem(), repository="ganfp-test/tiny", tag="latest", changes=['ENTRYPOINT ["/bin/sh"]']
    )
    yield reference
    docker_engine.client.images.remove(reference, force=True)


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., Job]:
    """Makes a job that runs a shell script."""

    def make(image: str, script: str, **changes: Any) -> Job:
        out, config = tmp_path / "out", tmp_path / "config.json"
        out.mkdir(exist_ok=True)
        config.write_text("{}")
        wish = Resources(gpus=0, cores=1, memory=changes.pop("memory", 64 * MEGABYTE))
        stage = Stage("test/stage", image, "cpu", ("-c", script), wish)
        job = {
            "study": "test",
            "key": "0" * 64,
            "log": tmp_path / "stage.log",
            "inputs": {},
            "gpus": (),
            "store": tmp_path,
            "lock": 0,
        }
        return Job(stage=stage, out=out, config=config, **(job | changes))

    return make


def _root_filesystem() -> bytes:
    programs = [Path(shutil.which(tool) or pytest.fail(f"no {tool} on this machine")) for tool in TOOLS]
    libraries = {Path(path) for program in programs for path in _libraries(program)}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for program in programs:
            archive.add(program.resolve(), f"bin/{program.name}")
        for library in sorted(libraries):
            archive.add(library.resolve(), str(library).lstrip("/"))
        for folder in ("tmp", "proc", "sys", "dev"):
            archive.addfile(_folder(folder))
    return stream.getvalue()


def _libraries(program: Path) -> list[str]:
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def _folder(name: str) -> tarfile.TarInfo:
    folder = tarfile.TarInfo(name)
    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
    return folder
