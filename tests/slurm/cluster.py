"""A Slurm of three nodes on this machine, of Debian's packages: to be used, and to be killed in parts.

Each node has four pretended cores and two pretended GPUs. Nothing of it is heard of from outside.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
_NODES = 3
_SUBREAPER = 36  # of prctl(2)
_START = signal.SIGUSR1  # tells a node to start slurmd
_PATIENCE_SECONDS = 300  # a machine may be busy
_PORTS = range(10_000, 32_000)
_CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
ReturnToService=2
SlurmdTimeout=10
KillWait=5
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=n[1-{nodes}] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{ports}] CPUs=4 RealMemory=12000 Gres=gpu:2
PartitionName=low Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=1 GraceTime=10
PartitionName=high Nodes=ALL MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF
"""


def reason_against() -> str:
    """Why there can be no cluster here; "" if there can."""
    missing = [name for name in PROGRAMS if not (shutil.which(name) or shutil.which(name, path="/usr/sbin"))]
    if missing:
        return f"no Slurm here ({', '.join(missing)}); install slurmctld slurmd"
    return "" if os.geteuid() == 0 else "only root can make a cluster of devices of its own"


class Cluster:
    """A context in which the cluster runs, and SLURM_CONF names it. folder: empty, and nobody else's."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._nodes = folder, dict[str, subprocess.Popen[bytes]]()
        self.conf = folder / "slurm.conf"

    def __enter__(self) -> Cluster:
        self._configure()
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        os.environ["SLURM_CONF"] = str(self.conf)
        munge = ("--force", f"--key-file={self._folder}/munge.key", f"--socket={self._folder}/munge.socket",
                 f"--pid-file={self._folder}/munged.pid", f"--log-file={self._folder}/munged.log",
                 f"--seed-file={self._folder}/seed")
        subprocess.run(["munged", *munge], check=True)
        self.start_controller()
        for name in self.names:
            self.start_node(name)
        self.wait(lambda: self._said("sinfo", "-h", "-t", "idle", "-o", "%D", "-p", "low") == str(_NODES))

    def __exit__(self, *_: object) -> None:
        for name in self._nodes:
            self.kill_node(name)
        for name in ("slurmctld", "munged"):
            self._kill_program(name, name)
        del os.environ["SLURM_CONF"]

    @property
    def names(self) -> list[str]:
        """Of the nodes."""
        return [f"n{number}" for number in range(1, _NODES + 1)]

    def start_controller(self) -> None:
        """Start slurmctld, which goes on where it was, and wait until it answers."""
        subprocess.run(["slurmctld"], check=True)
        self.wait(lambda: "is UP" in self._said("scontrol", "ping"))

    def kill_controller(self) -> None:
        """Kill slurmctld alone: jobs go on."""
        self._kill_program("slurmctld", "slurmctld")

    def start_node(self, name: str) -> None:
        """Start a node."""
        with (self._folder / f"{name}.out").open("ab") as out:
            self._nodes[name] = subprocess.Popen([sys.executable, __file__, name], stdin=subprocess.DEVNULL, stdout=out,
                                                 stderr=out, start_new_session=True)

    def kill_node(self, name: str) -> None:
        """Kill a node with all that runs on it, as a power cut does."""
        node = self._nodes[name]
        while below := _below(node.pid):
            for pid in below:
                _kill(pid)
        node.kill()
        node.wait()

    def kill_slurmd(self, name: str) -> None:
        """Kill slurmd alone: what runs on the node goes on, and Slurm will take the node for dead."""
        self._kill_program(f"slurmd-{name}", "slurmd")

    def start_slurmd(self, name: str) -> None:
        """Start slurmd again on a node that lost it."""
        self._nodes[name].send_signal(_START)

    def jobs(self, fields: str = "%j %T") -> list[str]:
        """What squeue says of every job."""
        return self._said("squeue", "-h", "-o", fields).splitlines()

    def told(self) -> str:
        """What Slurm says of its jobs and nodes."""
        return "\n".join([*self.jobs("%i %j %T %r %N"), self._said("sinfo", "-N", "-h", "-o", "%N %T %E")])

    def wait(self, condition: Callable[[], object], seconds: float = _PATIENCE_SECONDS) -> None:
        """Wait until something holds. Raises AssertionError after a while."""
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, f"it did not come to that within {seconds} s:\n{self.told()}"
            time.sleep(0.05)

    def _said(self, *words: str) -> str:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()

    def _kill_program(self, name: str, called: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            pid = int((self._folder / f"{name}.pid").read_text())
            if Path(f"/proc/{pid}/comm").read_text().strip() == called:  # and not another, of an old number
                _kill(pid)

    def _configure(self) -> None:
        for name in ("state", "spool", "gpu"):
            (self._folder / name).mkdir()
        host = socket.gethostname().split(".")[0]
        _let_resolve(host)
        for number in range(2):
            os.mknod(self._folder / f"gpu/nvidia{number}", 0o020666, os.makedev(1, 3))
        (self._folder / "munge.key").write_bytes(os.urandom(128))
        (self._folder / "munge.key").chmod(0o600)
        port, *ports = _free_ports(1 + _NODES)
        self.conf.write_text(_CONF.format(host=host, folder=self._folder, user="root", port=port, nodes=_NODES,
                                          ports=",".join(map(str, ports))))
        devices = f"NodeName=n[1-{_NODES}] Name=gpu File={self._folder}/gpu/nvidia[0-1]\n"
        self.conf.with_name("gres.conf").write_text(devices)


def _free_ports(count: int) -> list[int]:
    """None that the kernel gives to whoever asks, who would have it when a daemon that was killed comes back."""
    def is_free(port: int) -> bool:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            return False
        return True

    ports = filter(is_free, random.sample(_PORTS, len(_PORTS)))
    return list(itertools.islice(ports, count))


def _let_resolve(host: str) -> None:
    hosts = Path("/etc/hosts")
    if host not in hosts.read_text().split():
        with hosts.open("a") as stream:
            stream.write(f"127.0.0.1 {host}\n")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _below(pid: int) -> list[int]:
    """All processes that descend from one."""
    parents = dict(_parents())
    found, new = set[int](), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return list(found)


def _parents() -> Iterator[tuple[int, int]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if fields[0] != "Z":
                yield int(stat.parent.name), int(fields[1])


def _be_a_node(name: str) -> None:
    """Run slurmd, and be the parent of all that it leaves behind."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)

    def start(*_: object) -> None:
        subprocess.Popen(["slurmd", "-D", "-N", name])

    signal.signal(_START, start)
    start()
    while True:
        with contextlib.suppress(ChildProcessError):
            os.wait()
        time.sleep(0.1)


if __name__ == "__main__":
    _be_a_node(sys.argv[1])
