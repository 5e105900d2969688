"""What the engine sees of a build: an archive of its files. It has no name that others share."""

import io
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from orchestration.images import pip_settings

Files = Mapping[str, bytes | Path]


def write(files: Files) -> IO[bytes]:
    """An archive of `files`, {path in it: content, or a file that holds it}, open for reading."""
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - whoever builds closes it
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            _add(archive, name, content)
    stream.seek(0)
    return stream


def with_pip(files: Files, requirements: Mapping[str, str]) -> IO[bytes]:
    """The same with lists to install, {path: text}, and pip/: the host's settings and wheels."""
    with tempfile.TemporaryDirectory() as folder:
        lists = {path: text.encode() for path, text in requirements.items()}
        settings = {"pip/pip.conf": pip_settings.configuration().encode()}
        wheels = {f"pip/wheels/{wheel.name}": wheel for path, text in requirements.items()
                  for wheel in _wheels(path, text, Path(folder))}
        return write({**files, **lists, **settings, **wheels})


def _wheels(path: str, requirements: str, folder: Path) -> list[Path]:
    """Wheels that pip inside the build does not find by itself: the host's own, and pip's own."""
    if path.endswith("/requirements-pip.txt"):
        return pip_settings.fetch(requirements, folder)
    return pip_settings.wheels(requirements)


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    """Without owner and time, and readable by all: containers run as any user."""
    member = tarfile.TarInfo(name)
    member.mode = 0o644
    with content.open("rb") if isinstance(content, Path) else io.BytesIO(content) as stream:
        member.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        archive.addfile(member, stream)
