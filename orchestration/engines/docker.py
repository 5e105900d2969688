"""The Docker Engine: one container a stage.

Containers run as the calling user, with an init, a read-only root and no network, without capabilities and
new privileges, under limits of memory, cores and processes. Their labels say to which stage of which run
they belong, so that those of an orchestrator that was killed are found again.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import CancellableStream, LogConfig, Mount
from docker.utils import kwargs_from_env
from urllib3.exceptions import ProtocolError

from orchestration import images, mends
from orchestration.engines import GRACE_SECONDS, Job, Result, Tell, docker_gpus, substitute
from orchestration.engines.logs import Event, Log
from orchestration.engines.memory import KillWatch
from orchestration.errors import NoDevice, NoEngine, StageFailed, UserError
from orchestration.images import build
from orchestration.stage import Resources, Stage

Output: TypeAlias = "CancellableStream[tuple[bytes | None, bytes | None]]"  # of standard output and standard error
_PATIENCE_SECONDS = 10  # for the first answer of the engine; once it has answered, it may take its time
_PIDS = 4096
_KILLED = 137  # the status of what SIGKILL ended
_TMP = "size=1g,mode=1777"


def connect() -> DockerEngine:
    """The engine that the `docker` command would talk to. Raises NoEngine if none answers."""
    settings = _settings()
    address = settings["base_url"]
    try:
        _knock(address)
        client = docker.DockerClient(**settings, timeout=_PATIENCE_SECONDS, max_pool_size=64)
        info = client.info()
    except (DockerException, requests.RequestException, OSError) as error:
        raise NoEngine(
            f"{address}: no Docker Engine answers ({_reason(error)}); start it (systemctl start docker), see that you "
            "may use it (group docker), or run without: --engine process"
        ) from error
    client.api.timeout = None  # type: ignore[assignment]  # for ever, which the stubs do not know
    return DockerEngine(client, info)


class DockerEngine:
    """Runs stages as containers. info: what the engine tells of itself."""

    name = "docker"

    def __init__(self, client: docker.DockerClient, info: Mapping[str, Any]) -> None:
        self.client, self.info = client, info

    def room(self) -> Resources:
        """The GPUs, cores and memory of the engine's machine."""
        return Resources(docker_gpus.count(self.info), self.info["NCPU"], self.info["MemTotal"])

    def image_id(self, reference: str) -> str:
        """The id of an image. Raises UserError if the engine does not have it."""
        try:
            return str(self.client.images.get(reference).id)
        except ImageNotFound as error:
            raise UserError(
                f"image {reference}: the engine does not have it, and no folder of containers/ makes it; build it, "
                f"or docker pull {reference}"
            ) from error

    def prepare(self, stages: Collection[Stage], tell: Tell) -> None:
        """Build the images of `stages` that are missing or out of date; others must be there."""
        wanted = {(stage.image, stage.flavour) for stage in stages}
        build.build(self.client, [images.recipe(*pair) for pair in sorted(wanted) if images.exists(pair[0])], tell)
        for image, _ in sorted(wanted):
            if not images.exists(image):
                self.image_id(image)

    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        """Stop and remove the containers of orchestrators that were killed."""
        for container in self._containers(store):
            if abandoned(container.labels["ganfp.key"]):
                _remove(container)

    def start(self, job: Job) -> DockerRunning:
        """Start the container of a stage. Raises UserError, NoDevice, StageFailed."""
        for container in self._containers(job.store, job.key):
            _remove(container)
        image = images.find(job.stage.image, job.stage.flavour, self.image_id)
        image_id = self.image_id(image.reference)
        container, output = self._launch(job, image_id)
        return DockerRunning(job, container, output, image_id)

    def _containers(self, store: Path, key: str | None = None) -> list[Container]:
        labels = [f"ganfp.store={store}", *([] if key is None else [f"ganfp.key={key}"])]
        return list(self.client.containers.list(all=True, filters={"label": labels}))

    def _launch(self, job: Job, image_id: str) -> tuple[Container, Output]:
        refusal = "it knows no way to give GPUs to containers"
        for gpus in docker_gpus.ways(self.info, self.client.api.api_version, job.gpus):
            try:
                return self._begin(_arguments(job, image_id, self.info, gpus))
            except APIError as error:
                refusal = str(error.explanation)
                if not _is_about_gpus(refusal):
                    break
        message = f"{job.stage.name}: the engine did not start its container: {mends.explain(refusal)}"
        raise NoDevice(message) if _is_about_gpus(refusal) else StageFailed(message)

    def _begin(self, arguments: Mapping[str, Any]) -> tuple[Container, Output]:
        container = self.client.containers.create(**arguments)
        output = container.attach(stream=True, demux=True)  # before the start, so that no line is missed
        try:
            container.start()
        except APIError:
            _close(output)
            container.remove(force=True)
            raise
        return container, output


class DockerRunning:
    """A container that runs."""

    def __init__(self, job: Job, container: Container, output: Output, image_id: str) -> None:
        self._stage, self._container, self._output, self.image_id = job.stage.name, container, output, image_id
        self._log, self._memory = Log(job.log), KillWatch()

    def events(self) -> Iterator[Event]:
        """The events it writes, until it ends."""
        with _engine_stays(self._stage), self._log as log:
            for output, errors in self._output:
                if errors:
                    log.errors(errors)
                if output:
                    yield from log.output(output)
            yield from log.end()

    def result(self) -> Result:
        """How it ended. The container is removed."""
        _close(self._output)
        lines = self._log.last_lines()
        with _engine_stays(self._stage):
            try:
                status = int(self._container.wait()["StatusCode"])
                out_of_memory = status == _KILLED and self._ran_out_of_memory()
                self._container.remove()
            except NotFound:  # somebody removed it
                return Result(_KILLED, False, lines)
        return Result(status, out_of_memory, lines)

    def _ran_out_of_memory(self) -> bool:
        """Whether the kernel killed it, as the engine says or, before it has learnt so, as the kernel counts."""
        self._container.reload()
        return bool(self._container.attrs["State"]["OOMKilled"]) or self._memory.saw_one()

    def cancel(self) -> None:
        """Make it stop, in a thread that waits for it."""
        threading.Thread(target=self._stop, daemon=True).start()

    def _stop(self) -> None:
        with contextlib.suppress(APIError):  # it ended by itself
            self._container.stop(timeout=int(GRACE_SECONDS))


def _close(output: Output) -> None:
    output._response.close()  # type: ignore[attr-defined]  # output.close() would leave the connection open


def _remove(container: Container) -> None:
    with contextlib.suppress(NotFound):
        container.stop(timeout=int(GRACE_SECONDS))
        container.remove(force=True)


@contextlib.contextmanager
def _engine_stays(stage: str) -> Iterator[None]:
    """Where the engine may end, or fail, under a container that runs."""
    try:
        yield
    except (APIError, requests.RequestException, ProtocolError) as error:
        raise StageFailed(f"{stage}: the Docker Engine went away ({_reason(error)}); start it and run again") from error


def _settings() -> dict[str, Any]:
    """Where the engine listens: DOCKER_HOST, the current context of the `docker` command, or the usual socket."""
    settings = dict(kwargs_from_env())
    if "base_url" not in settings:
        context = docker.ContextAPI.get_current_context()
        settings["base_url"] = (context and context.Host) or "unix:///var/run/docker.sock"
    return settings


def _knock(address: str) -> None:
    """Raise OSError if nobody listens at a local address: docker-py would say so too, but leave its socket open."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(address.removeprefix("unix://"))


def _reason(error: BaseException) -> str:
    """What is at the bottom of an error of a connection."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split())


def _arguments(job: Job, image_id: str, info: Mapping[str, Any], gpus: docker_gpus.Arguments) -> dict[str, Any]:
    wish = job.stage.resources
    environment = {"HOME": "/tmp", "GANFP_IMAGE": image_id, "OMP_NUM_THREADS": str(wish.cores)}
    return {
        **gpus,
        "image": image_id,
        "command": substitute(job.stage.command, "/in", "/out", "/config.json"),
        "environment": {**environment, **gpus.get("environment", {})},
        "labels": _labels(job),
        "mounts": _mounts(job),
        "user": _user(info),
        "init": True,
        "network_mode": "none",
        "read_only": True,
        "tmpfs": {"/tmp": _TMP},
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "mem_limit": wish.memory,
        "memswap_limit": wish.memory,
        "nano_cpus": wish.cores * 10**9,
        "pids_limit": _PIDS,
        "shm_size": wish.memory // 2,
        "stop_signal": "SIGTERM",
        "log_config": LogConfig(type="none"),  # what it writes is in the store
    }


def _labels(job: Job) -> dict[str, str]:
    return {
        "ganfp.run": job.study,
        "ganfp.stage": job.stage.name,
        "ganfp.key": job.key,
        "ganfp.store": str(job.store),
    }


def _mounts(job: Job) -> list[Mount]:
    shown = {f"/in/{name}": path for name, path in job.inputs.items()}
    shown["/config.json"] = job.config
    return [
        Mount("/out", str(job.out), type="bind"),
        *(Mount(target, str(path), type="bind", read_only=True) for target, path in shown.items()),
    ]


def _user(info: Mapping[str, Any]) -> str:
    """The calling user; in a rootless engine that is the one who is root inside."""
    if "name=rootless" in info.get("SecurityOptions", []):
        return "0:0"
    return f"{os.getuid()}:{os.getgid()}"


def _is_about_gpus(refusal: str) -> bool:
    return any(word in refusal.lower() for word in ("device driver", "runtime name", "cdi", "nvidia"))
