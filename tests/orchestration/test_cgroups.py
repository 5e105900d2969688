"""What containers and schedulers leave us of a host, by pretended trees of groups, and by a real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration import cgroups, host

GIB = 1 << 30


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for groups; its `proc` has what the kernel tells of a process."""
    (tmp_path / "proc").mkdir()
    monkeypatch.setattr(cgroups, "_PROC", tmp_path / "proc")
    return tmp_path


def told(tree: Path, groups: str, mounts: list[tuple[str, str, str, str]]) -> None:
    """mounts: (root, folder below `tree`, kind, options)."""
    (tree / "proc" / "cgroup").write_text(groups)
    (tree / "proc" / "mountinfo").write_text("".join(
        f"30 20 0:1 {root} {tree}/{folder} rw,relatime shared:9 - {kind} {kind} rw,{options}\n"
        for root, folder, kind, options in mounts))


def state(tree: Path, group: str, **limits: str) -> None:
    folder = tree / group
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in limits.items():
        (folder / name.replace("_", ".", 1)).write_text(text + "\n")


def test_a_job_of_slurm_has_the_least_of_its_groups(tree: Path) -> None:
    told(tree, "0::/slurm/job_7/step_0\n", [("/", "all", "cgroup2", "nsdelegate")])
    state(tree, "all/slurm/job_7/step_0", memory_max="max", cpu_max="max 100000")
    state(tree, "all/slurm/job_7", memory_max=str(3 * GIB), cpu_max="150000 100000")
    state(tree, "all/slurm", memory_max=str(8 * GIB))
    assert (cgroups.memory(), cgroups.cores()) == (3 * GIB, 1.5)


def test_a_container_sees_its_own_group_as_the_root(tree: Path) -> None:
    told(tree, "0::/\n", [("/", "all", "cgroup2", "nsdelegate")])
    state(tree, "all", memory_max=str(GIB), cpu_max="400000 100000")
    assert (cgroups.memory(), cgroups.cores()) == (GIB, 4)


def test_a_container_of_version_1_is_shown_its_own_group_alone(tree: Path) -> None:
    told(tree, "4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/\n",
         [("/docker/abc", "memory", "cgroup", "memory"), ("/docker/abc", "cpu", "cgroup", "cpu,cpuacct"),
          ("/", "unified", "cgroup2", "")])
    state(tree, "memory", memory_limit_in_bytes=str(GIB))
    state(tree, "cpu", cpu_cfs_quota_us="200000", cpu_cfs_period_us="100000")
    assert (cgroups.memory(), cgroups.cores()) == (GIB, 2)


@pytest.mark.parametrize("group", ["/", "/../elsewhere"])
def test_without_limits_there_are_none(tree: Path, group: str) -> None:
    told(tree, f"0::{group}\n2:cpu:/\n", [("/", "all", "cgroup2", ""), ("/", "cpu", "cgroup", "cpu")])
    state(tree, "all", memory_max="max", cpu_max="max 100000")
    state(tree, "cpu", cpu_cfs_quota_us="-1", cpu_cfs_period_us="100000")
    assert (cgroups.memory(), cgroups.cores()) == (None, None)


def test_a_host_is_as_large_as_its_groups_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    cores, memory = host.cores(), host.memory()
    assert cores >= 1 and memory > 0  # of the real groups of this process
    monkeypatch.setattr(cgroups, "cores", lambda: 0.5)
    monkeypatch.setattr(cgroups, "memory", lambda: 1 << 20)
    assert (host.cores(), host.memory()) == (1, 1 << 20)
    monkeypatch.setattr(cgroups, "cores", lambda: 1e6)
    monkeypatch.setattr(cgroups, "memory", lambda: 1 << 62)
    assert host.cores() >= cores and host.memory() >= memory
