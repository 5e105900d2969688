"""The Docker Engine: one container a stage.

Labels of a container say to which stage of which run it belongs, so that those of an orchestrator
that was killed are found again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import CancellableStream
from urllib3.exceptions import ProtocolError

from orchestration import mends
from orchestration.engines import (
    GRACE_SECONDS,
    STOPPING,
    Job,
    Result,
    docker_access,
    docker_address,
    docker_containers,
    docker_gpus,
    docker_info,
    docker_trial,
)
from orchestration.engines.logs import Log
from orchestration.engines.memory import KillWatch
from orchestration.errors import NoDevice, NoEngine, StageFailed, UserError
from orchestration.events import Event, Tell
from orchestration.images import Image, Recipe, build
from orchestration.images.answers import Said
from orchestration.stage import Node, Resources

Output: TypeAlias = "CancellableStream[tuple[bytes | None, bytes | None]]"  # of standard output and standard error
_PATIENCE_SECONDS = 10  # for the first answer of the engine; once it has answered, it may take its time
_NO_ANSWER = (DockerException, requests.RequestException, OSError,
              ValueError, AttributeError)  # of settings that cannot be read
_KILLED = 137  # the status of what SIGKILL ended
_ANSWER_SECONDS, _ANSWER_BYTES = 60, 1 << 20  # for the answer to a question, at most
_UNANSWERED = (125, b"")


def connect() -> DockerEngine:
    """The engine that the `docker` command would talk to. Raises NoEngine if none answers."""
    settings = docker_address.settings()
    address = settings["base_url"]
    try:
        docker_address.knock(address)
        client = docker.DockerClient(**settings, timeout=_PATIENCE_SECONDS, max_pool_size=64)
        info = client.info()
    except _NO_ANSWER as error:
        raise NoEngine(
            f"{address}: no Docker Engine answers ({docker_address.reason(error)}); start it "
            "(systemctl start docker), install it (apt install docker.io), see that you may use it "
            "(group docker), or run without: --engine process") from error
    client.api.timeout = None  # type: ignore[assignment]  # for ever, which the stubs do not know
    return DockerEngine(client, info)


@contextlib.contextmanager
def answers() -> Iterator[None]:
    """Where the engine may end, or fail, while it is asked for something."""
    try:
        yield
    except (DockerException, requests.RequestException, ProtocolError) as error:
        reason = docker_address.reason(error)
        raise NoEngine(f"the Docker Engine went away or failed ({reason}); start it and run again") from error


class DockerEngine:
    """Runs stages as containers. info: what the engine tells of itself."""

    name, caution, parting = "docker", "", STOPPING

    def __init__(self, client: docker.DockerClient, info: Mapping[str, Any]) -> None:
        self.client, self.info = client, info

    def nodes(self) -> tuple[Node]:
        """The engine's machine."""
        gpus = docker_gpus.ids(self.info)
        has = Resources(len(gpus), self.info["NCPU"], self.info["MemTotal"])
        return (Node(self.info["Name"], has, gpus),)

    @answers()
    def image_id(self, reference: str) -> str:
        """The id of an image. Raises UserError if the engine does not have it."""
        try:
            return str(self.client.images.get(reference).id)
        except ImageNotFound as error:
            raise UserError(f"image {reference}: the engine does not have it, and no folder of "
                            f"containers/ makes it; build it, or docker pull {reference}") from error

    @answers()
    def check(self, store: Path, files: Collection[Path], say: Callable[[str], None]) -> None:
        """Start a container as a stage would be started. Raises UserError."""
        if missing := docker_info.unlimited(self.info):
            say(f"the engine sets stages no limit of {', '.join(missing)}; orchestrate.py doctor says what mends it")
        docker_access.check(self.info, files)
        docker_trial.check(self.client, self.info, store, files)

    def ask(self, image_id: str, verb: str) -> Said:
        """What an image prints when it is given a verb. Status 125 where there is no whole answer in a minute."""
        try:
            container, output = self._begin(docker_containers.question(image_id, verb, self.info))
        except APIError:
            return _UNANSWERED
        limit = threading.Timer(_ANSWER_SECONDS, _kill, (container,))
        limit.start()
        try:
            said = _read_within(output, _ANSWER_BYTES)
            return _UNANSWERED if said is None else (int(container.wait()["StatusCode"]), said)
        except (APIError, requests.RequestException, ProtocolError):
            return _UNANSWERED
        finally:
            limit.cancel()
            _close(output)
            with contextlib.suppress(APIError, requests.RequestException):
                container.remove(force=True)

    @answers()
    def prepare(self, images: Collection[Image], tell: Tell) -> None:
        """Build those of ours that are missing; others must be there."""
        build.build(self.client, [image for image in images if isinstance(image, Recipe)], tell)
        for image in images:
            self.image_id(image.reference)

    @answers()
    def clean(self, store: Path, abandoned: Callable[[str], bool]) -> None:
        """Stop and remove the containers of orchestrators that were killed."""
        for container in self._containers(store):
            if abandoned(container.labels["ganfp.key"]):
                _remove(container)
        asker = docker_containers.ASKER
        for container in self.client.containers.list(all=True, filters={"label": asker}):
            if docker_containers.is_unheard(container.labels[asker]):
                _remove(container)

    @answers()
    def attach(self, job: Job) -> None:
        """None, when what an earlier orchestrator left of a stage has been stopped and removed.

        What it wrote since that one was killed went nowhere. Stopped, it writes its checkpoint
        first, and the next container continues there. The engine of another host is out of reach.
        """
        for container in self._containers(job.store, job.key):
            _remove(container)

    @answers()
    def start(self, job: Job) -> DockerRunning:
        """Start the container of a stage. Raises UserError, NoDevice, StageFailed."""
        image_id = self.image_id(job.image.reference)
        memory = KillWatch()
        container, output = self._launch(job, image_id)
        return DockerRunning(job, container, output, image_id, memory)

    def _containers(self, store: Path, key: str | None = None) -> list[Container]:
        labels = [f"ganfp.store={store}", "ganfp.key" if key is None else f"ganfp.key={key}"]
        return list(self.client.containers.list(all=True, filters={"label": labels}))

    def _launch(self, job: Job, image_id: str) -> tuple[Container, Output]:
        refusal = "it knows no way to give GPUs to containers"
        for gpus in docker_gpus.ways(self.info, self.client.api.api_version, job.gpus):
            try:
                return self._begin(docker_containers.arguments(job, image_id, self.info, gpus))
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

    def __init__(self, job: Job, container: Container, output: Output, image_id: str,
                 memory: KillWatch) -> None:
        self.image_id = image_id
        self._stage, self._container, self._output = job.stage.name, container, output
        self._log, self._memory = Log(job.log), memory
        self._stopper = threading.Thread(target=self._stop, daemon=True)
        self._guard = threading.Lock()

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
        with self._guard:
            if self._stopper.ident is None:
                self._stopper.start()

    def _stop(self) -> None:
        with contextlib.suppress(APIError, requests.RequestException):  # one of them has ended
            self._container.stop(timeout=int(GRACE_SECONDS))


def _kill(container: Container) -> None:
    with contextlib.suppress(APIError, requests.RequestException):  # it has ended
        container.kill()


def _read_within(output: Output, most: int) -> bytes | None:
    """All that comes on standard output; None if it is more than so many bytes."""
    said = b""
    for chunk, _ in output:
        said += chunk or b""
        if len(said) > most:
            return None
    return said


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
        reason = docker_address.reason(error)
        raise StageFailed(
            f"{stage}: the Docker Engine went away ({reason}); start it and run again") from error


def _is_about_gpus(refusal: str) -> bool:
    return any(word in refusal.lower() for word in ("device driver", "runtime name", "cdi", "nvidia", "gpus"))
