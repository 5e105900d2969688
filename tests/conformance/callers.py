"""Two ways to call a source: as a process, and as a container under the restrictions of a study."""

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SECONDS = 900  # that one call may take
_RUN = ["docker", "run", "--rm", "--init", "--network", "none", "--read-only", "--tmpfs", "/tmp",
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", f"{os.getuid()}:{os.getgid()}",
        "--env", "HOME=/tmp", "--env", "OMP_NUM_THREADS=1"]


@dataclass(frozen=True)
class Ended:
    """How a call ended. output, errors: the lines of standard output and standard error."""

    status: int
    output: list
    errors: list

    @property
    def events(self):
        """The events on standard output; raises ValueError for a line that is no JSON."""
        return [json.loads(line) for line in self.output]


class Process:
    """A source that is called by a command, such as ["python", "-m", "sources.progan"]."""

    def __init__(self, prefix):
        self.prefix = list(prefix)

    def command(self, verb, reads, out, arguments):
        """The words of a call. out: folder it may write to.

        reads: {argument: path it may read}, or {argument: {NAME: path}} of one that is repeated, NAME=path.
        """
        shown = [word for name, label, path in _each(reads) for word in (f"--{name}", f"{label}{path}")]
        return [*self.prefix, verb, *shown, "--out", str(out), *arguments]

    def question(self, verb):
        """The words of a call that reads and writes nothing."""
        return [*self.prefix, verb]


class Container:
    """A source in an image of the local Docker Engine."""

    def __init__(self, image):
        self.image = image

    def command(self, verb, reads, out, arguments):
        """The same call by `docker run`: read-only root and inputs, no network, no capabilities, the calling user."""
        mounts, shown = ["--volume", f"{out}:/out"], []
        for name, label, path in _each(reads):
            place = f"/in/{name}/{label[:-1]}".rstrip("/")
            mounts += ["--volume", f"{path}:{place}:ro"]
            shown += [f"--{name}", f"{label}{place}"]
        return [*_RUN, *mounts, self.image, verb, *shown, "--out", "/out", *arguments]

    def question(self, verb):
        """The words of a call that reads and writes nothing."""
        return [*_RUN, self.image, verb]


def _each(reads):
    """(argument, "" or "NAME=", path) of everything that may be read."""
    for name, paths in reads.items():
        if isinstance(paths, dict):
            yield from ((name, f"{label}=", path) for label, path in paths.items())
        else:
            yield name, "", paths


def call(source, verb, reads, out, arguments=()):
    """Call a source and wait for its end."""
    Path(out).mkdir(parents=True, exist_ok=True)
    return _run(source.command(verb, reads, out, arguments))


def ask(source, verb):
    """Give a source a verb that reads and writes nothing, and wait for its end."""
    return _run(source.question(verb))


def _run(command):
    ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=SECONDS,
                           check=False)
    return Ended(ended.returncode, ended.stdout.splitlines(), ended.stderr.splitlines())


def stop_in_the_middle(source, verb, reads, out, arguments=()):
    """Call a source, send SIGTERM, twice, when a progress is neither the start nor the end; wait for its end."""
    Path(out).mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(source.command(verb, reads, out, arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, text=True) as process:
        limit = threading.Timer(SECONDS, process.kill)
        limit.start()
        lines = []
        for line in process.stdout:
            lines.append(line)
            event = json.loads(line)
            if event["event"] == "progress" and event["step"] < event["total"]:
                process.terminate()
                time.sleep(0.05)
                process.terminate()  # a second one is harmless
                break
        rest, errors = process.communicate()
        limit.cancel()
    return Ended(process.returncode, [*"".join(lines).splitlines(), *rest.splitlines()], errors.splitlines())
