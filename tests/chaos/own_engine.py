"""A Docker Engine of its own, which may be killed: the one that others use goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import docker
from docker.errors import APIError, DockerException

from orchestration.engines import docker_address

_PATIENCE_SECONDS = 60


def reason_against() -> str | None:
    """Why there can be none here, or None."""
    if os.geteuid() != 0:
        return "an engine of its own can only be started by root"
    return None if shutil.which("dockerd") else "there is no dockerd to start an engine of its own with"


class OwnEngine:
    """An engine with a folder of its own, for containers without a network. Used in a `with` statement."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp())  # whose path is short: that of a socket has to be
        self.address = f"unix://{self._folder}/socket"

    def __enter__(self) -> OwnEngine:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        if self._daemon.poll() is None:
            for container in self._client.containers.list():
                with contextlib.suppress(APIError):
                    container.kill()
            self._client.close()
            self._daemon.terminate()
            self._daemon.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        folder = self._folder
        with (folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                ["unshare", "--net", "--mount",  # or it would take the bridge of the machine's engine away
                 "dockerd", "--host", self.address, "--data-root", folder / "data", "--exec-root", folder / "exec",
                 "--pidfile", folder / "pid", "--bridge", "none", "--iptables=false"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._answers():
            assert time.monotonic() < until and self._daemon.poll() is None, (folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def kill(self) -> None:
        """End it as a crash does: at once, and without a word to its containers."""
        self._client.close()
        self._daemon.kill()
        self._daemon.wait()
        containerd = Path("/proc", (self._folder / "exec/containerd/containerd.pid").read_text().strip())
        while containerd.exists():  # it dies of its parent's death; whoever starts before that waits for it in vain
            time.sleep(0.05)

    def take(self, image: str) -> None:
        """Have the image that the machine's engine has by this name."""
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
            subprocess.run(["docker", "--host", self.address, "load", "--quiet"], stdin=saving.stdout, check=True,
                           stdout=subprocess.DEVNULL)
        assert saving.returncode == 0

    def kill_containers(self, store: Path) -> None:
        """Kill the containers of a store's stages."""
        for container in self._client.containers.list(filters=_of(store), ignore_removed=True):
            with contextlib.suppress(APIError):  # it has just ended
                container.kill()

    def containers(self, store: Path) -> int:
        """How many containers a store's stages have, running or not."""
        return len(self._client.containers.list(all=True, filters=_of(store)))

    def _answers(self) -> bool:
        try:
            docker_address.knock(self.address)
            self._client = docker.DockerClient(self.address)
        except (OSError, DockerException):  # it listens before it answers
            return False
        return True


def _of(store: Path) -> dict[str, Any]:
    return {"label": f"ganfp.store={store}"}
