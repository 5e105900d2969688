"""The process engine, with a shell in place of a room's Python."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.engines import Job, Result, choice, leash, memory, process_engine
from orchestration.engines.process_engine import ProcessEngine
from orchestration.errors import NoEngine, UserError
from orchestration.events import Tell
from orchestration.images import Image
from orchestration.images.environments import Environment
from orchestration.store import Store

MakeJob = Callable[..., Job]


class ShellEngine(ProcessEngine):
    """Whatever the image, its environment is this machine's shell."""

    def _environment(self, image: Image, tell: Tell) -> Environment:
        return Environment(("/bin/sh",), {"ROOM": "shell"}, "environment shell")


@pytest.fixture
def engine(tmp_path: Path) -> ProcessEngine:
    return ShellEngine(tmp_path)


def ended(result: Result) -> tuple[int, bool]:
    """Exit status, and whether memory ran out."""
    return result.status, result.out_of_memory


def test_events_are_told_and_the_rest_goes_to_the_log(engine: ProcessEngine, make_job: MakeJob, tmp_path: Path) -> None:
    script = """echo '{"event": "progress", "step": 1, "total": 2}'; echo hello; echo trouble >&2
    printf '{"event": "done"}'"""
    running = engine.start(make_job("any", script))
    assert list(running.events()) == [{"event": "progress", "step": 1, "total": 2}, {"event": "done"}]
    assert sorted((tmp_path / "stage.log").read_text().splitlines()) == ["hello", "trouble", '{"event": "done"}']
    result = running.result()
    assert ended(result) == (0, False) and set(result.last_lines) == {"hello", "trouble", '{"event": "done"}'}


@pytest.mark.parametrize("status", [0, 2, 3])
def test_the_exit_status_is_told(engine: ProcessEngine, make_job: MakeJob, status: int) -> None:
    running = engine.start(make_job("any", f"exit {status}"))
    assert (list(running.events()), ended(running.result())) == ([], (status, False))


def test_inputs_are_shown_and_paths_are_put_into_the_command(
    engine: ProcessEngine, make_job: MakeJob, tmp_path: Path
) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "file").write_text("content")
    script = "cat {in}/images/file > {out}/copy; cat {config} >> {out}/copy"
    running = engine.start(make_job("any", script, inputs={"images": tmp_path / "set"}))
    list(running.events())
    assert ended(running.result()) == (0, False) and (tmp_path / "out" / "copy").read_text() == "content{}"


def test_an_input_may_be_one_file_of_a_folder_inside(
    engine: ProcessEngine, make_job: MakeJob, tmp_path: Path
) -> None:
    for name in ("model.index", "model.data", "neighbour"):
        (tmp_path / name).write_text(name)
    inputs = {f"checkpoint/{name}": tmp_path / name for name in ("model.index", "model.data")}
    running = engine.start(make_job("any", "ls {in}/checkpoint; cat {in}/checkpoint/model.data", inputs=inputs))
    assert (list(running.events()), ended(running.result())) == ([], (0, False))
    assert (tmp_path / "stage.log").read_text().split() == ["model.data", "model.index", "model.data"]


def test_it_has_an_empty_home_of_its_own(engine: ProcessEngine, make_job: MakeJob, tmp_path: Path) -> None:
    running = engine.start(make_job("any", "touch $HOME/.cache; echo $HOME"))
    assert (list(running.events()), ended(running.result())) == ([], (0, False))
    home = Path((tmp_path / "stage.log").read_text().strip())
    assert home.parent == tmp_path and not home.exists()


def test_a_stage_knows_its_environment_its_cores_and_its_gpus(
    engine: ProcessEngine, make_job: MakeJob, tmp_path: Path
) -> None:
    script = 'echo "$GANFP_IMAGE, $OMP_NUM_THREADS, [$CUDA_VISIBLE_DEVICES], $ROOM, $GANFP_GPU_MEMORY"'
    for gpus, part in (((), None), (("0", "GPU-2"), 5 << 30)):
        running = engine.start(make_job("any", script, gpus=gpus, gpu_memory=part))
        assert (list(running.events()), ended(running.result())) == ([], (0, False))
    assert (tmp_path / "stage.log").read_text().splitlines() == [
        "environment shell, 1, [], shell, ",
        "environment shell, 1, [0,GPU-2], shell, 5368709120",
    ]


def test_cancel_lets_it_end_by_itself(engine: ProcessEngine, make_job: MakeJob, tmp_path: Path) -> None:
    script = """trap 'touch {out}/checkpoint; exit 143' TERM; echo '{"event": "log"}'; while :; do sleep 0.1; done"""
    running = engine.start(make_job("any", script))
    for _ in running.events():
        running.cancel()
        running.cancel()
    result = running.result()
    running.cancel()
    assert ended(result) == (143, False) and (tmp_path / "out" / "checkpoint").exists()


def test_what_ignores_a_cancel_is_killed(
    engine: ProcessEngine, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_engine, "GRACE_SECONDS", 0.5)
    running = engine.start(make_job("any", """trap '' TERM; echo '{"event": "log"}'; while :; do sleep 0.1; done"""))
    for _ in running.events():
        running.cancel()
    assert ended(running.result()) == (137, False)


def test_a_kill_by_the_kernel_is_a_lack_of_memory(
    engine: ProcessEngine, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counter = tmp_path / "vmstat"
    monkeypatch.setattr(memory, "_VMSTAT", counter)
    counter.write_text("nr_free_pages 1\noom_kill 3\n")
    running = engine.start(make_job("any", "kill -9 $$"))
    list(running.events())
    counter.write_text("nr_free_pages 1\noom_kill 4\n")
    assert ended(running.result()) == (137, True)


def test_nothing_that_a_stage_started_outlives_it(engine: ProcessEngine, make_job: MakeJob, tmp_path: Path) -> None:
    running = engine.start(make_job("any", "sleep 60 > /dev/null 2>&1 & echo $! > {out}/pid"))
    list(running.events())
    assert ended(running.result()) == (0, False)
    wait_for_the_end_of(int((tmp_path / "out" / "pid").read_text()))


def test_it_dies_with_its_parent_and_frees_its_stage(tmp_path: Path) -> None:
    """A parent starts a process under the lease of a stage and is killed."""
    store = Store(tmp_path / "store")
    program = (
        "import os, subprocess, sys, time\n"
        "from pathlib import Path\n"
        "from orchestration.store import Store\n"
        "with Store(Path(sys.argv[1])).lease('k') as lease:\n"
        "    child = subprocess.Popen([sys.executable, sys.argv[2], str(os.getpid()), 'sleep', '60'])\n"
        "    lease.hold(child.pid)\n"
        "    print(child.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    words = [sys.executable, "-c", program, str(store.root), leash.__file__]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child) and not store.is_free("k")
        parent.kill()
    wait_for_the_end_of(child)
    assert store.is_free("k")


def test_what_writes_to_the_folder_of_a_stage_is_told(engine: ProcessEngine, make_job: MakeJob) -> None:
    held: list[int] = []
    running = engine.start(make_job("any", "echo $$ > {out}/pid; exit 0", hold=held.append))
    assert (list(running.events()), ended(running.result())) == ([], (0, False))
    assert len(held) == 1


def test_it_ends_where_that_cannot_be_noted(engine: ProcessEngine, make_job: MakeJob) -> None:
    def full(pid: int) -> None:
        held.append(pid)
        raise OSError(errno.ENOSPC, "No space left on device")

    held: list[int] = []
    with pytest.raises(OSError, match="No space left"):
        engine.start(make_job("any", "sleep 60", hold=full))
    wait_for_the_end_of(held[0])


def test_it_does_not_begin_when_its_parent_is_gone() -> None:
    gone = subprocess.run([sys.executable, leash.__file__, "1", "echo", "began"], capture_output=True, check=False)
    assert (gone.returncode, gone.stdout) == (128 + signal.SIGKILL, b"")


def test_an_image_made_elsewhere_needs_docker(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="somebody/else.*Docker Engine"):
        ProcessEngine(tmp_path).image_id("somebody/else")


def test_processes_stand_in_for_docker_only_where_that_was_not_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    said: list[str] = []
    assert choice.choose(None, said.append).name == "process"
    assert len(said) == 1 and "no engine docker answers: stages run as processes" in said[0]
    assert choice.choose("process", said.append).name == "process" and len(said) == 1
    with pytest.raises(NoEngine, match="none.sock"):
        choice.choose("docker", said.append)


def wait_for_the_end_of(process_id: int) -> None:
    until = time.monotonic() + 10
    while alive(process_id):
        assert time.monotonic() < until, "it still runs after ten seconds"
        time.sleep(0.02)


def alive(process_id: int) -> bool:
    """Whether a process runs; one that ended and was not yet asked how is no more alive."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX" and os.getpgid(process_id) > 0
