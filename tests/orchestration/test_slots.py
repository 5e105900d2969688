"""GPUs shared by several orchestrators of one host; nvidia-smi is pretended."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from orchestration import execution, gpus, slots
from orchestration.repository import REPOSITORY
from orchestration.stage import Node, Resources

TAKE = """
import sys
from orchestration import slots
from orchestration.engines.process_engine import ProcessEngine
(node,) = ProcessEngine("unused").nodes()
with slots.attempt(node.gpus, int(sys.argv[1])) as taken:
    print(*(["none"] if taken is None else taken), flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def four_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nfor i in 0 1 2 3; do echo $i, GPU-$i; done\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def orchestrator(count: int, visible: str | None = None) -> subprocess.Popen[str]:
    """A program that takes `count` GPUs, and ends when it is told to."""
    environment = os.environ | ({} if visible is None else {"CUDA_VISIBLE_DEVICES": visible})
    return subprocess.Popen(
        [sys.executable, "-c", TAKE, str(count)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=environment,
    )  # fmt: skip


def taken(by: subprocess.Popen[str]) -> list[str]:
    assert by.stdout is not None
    return by.stdout.readline().split()


def test_two_orchestrators_never_get_the_same_gpu() -> None:
    programs = [orchestrator(2), orchestrator(2)]
    given = [taken(program) for program in programs]
    assert sorted(given[0] + given[1]) == ["GPU-0", "GPU-1", "GPU-2", "GPU-3"]
    third = orchestrator(1)
    assert taken(third) == ["none"]
    programs[0].kill()
    for program in (programs[0], third):
        program.communicate()
    with slots.attempt([f"GPU-{index}" for index in range(4)], 2) as free:
        assert free is not None and sorted(free) == sorted(given[0])
    programs[1].communicate("\n")


def test_what_a_scheduler_gave_away_is_left_alone() -> None:
    first = orchestrator(1, visible="3")
    assert taken(first) == ["GPU-3"]
    second = orchestrator(1, visible="GPU-3,2")
    assert taken(second) == ["GPU-2"]
    for program in (first, second):
        program.communicate("\n")


def test_all_or_none() -> None:
    with slots.attempt(["a", "b", "c"], 2) as two, slots.attempt(["a", "b", "c"], 2) as none:
        assert two is not None and list(two) == ["a", "b"] and none is None
        with slots.attempt(["a", "b", "c"], 1) as one:
            assert one is not None and list(one) == ["c"]


def test_parts_of_one_gpu_after_parts_of_each() -> None:
    with ExitStack() as stack:
        given = [stack.enter_context(slots.attempt(["a", "b"], 1, parts=2)) for _ in range(5)]
        assert [None if taken is None else list(taken) for taken in given] == [["a"], ["b"], ["a"], ["b"], None]
        with slots.attempt(["a", "b"], 1) as whole:
            assert whole is None


def test_a_gpu_that_somebody_has_whole_is_not_given_out_in_parts() -> None:
    with slots.attempt(["a"], 1) as whole, slots.attempt(["a", "b"], 1, parts=2) as part:
        assert list(whole or ()) == ["a"] and list(part or ()) == ["b"]
        with slots.attempt(["a", "b"], 2, parts=2) as both:
            assert both is None
    with slots.attempt(["a", "b"], 2) as all_again:
        assert list(all_again or ()) == ["a", "b"]


def test_what_was_refused_is_held_by_nobody() -> None:
    with slots.attempt(["a"], 1, parts=2):
        with slots.attempt(["a"], 1) as whole:
            assert whole is None
        with slots.attempt(["a"], 1, parts=2) as second, slots.attempt(["a"], 1, parts=2) as third:
            assert list(second or ()) == ["a"] and third is None


def test_a_shared_node_has_so_many_slots_and_each_a_part_of_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node("here", Resources(2, 4, 100), ("GPU-0", "GPU-1"))
    assert node.shared(3) == Node("here", Resources(6, 4, 100), ("GPU-0", "GPU-1"), 3)
    elsewhere = Node("there", Resources(2, 4, 100))
    assert elsewhere.shared(3) == elsewhere
    (tmp_path / "nvidia-smi").write_text(
        "#!/bin/sh\ncase $1 in *memory*) echo 0, 81559; echo 1, 300;; *) echo 0, GPU-0; echo 1, GPU-1;; esac\n")
    assert gpus.memory(["GPU-0", "GPU-1"]) == 300 << 20 and gpus.memory(["MIG-7"]) is None is gpus.memory([])
    assert execution._gpu_memory(node.shared(3), ("GPU-1",)) == 100 << 20
    assert execution._gpu_memory(node, ("GPU-1",)) is None


def test_an_engine_that_gives_its_gpus_out_itself_needs_none_of_ours() -> None:
    with slots.attempt([], 2) as none:
        assert none == {}


def test_other_users_may_add_to_the_folder_and_remove_nothing(tmp_path: Path) -> None:
    with slots.attempt(["MIG-1/2"], 1) as taken:
        assert list(taken or {}) == ["MIG-1/2"]
    assert stat.S_IMODE((tmp_path / "ganfp-gpus").stat().st_mode) == 0o1777
    (file,) = (tmp_path / "ganfp-gpus").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
