"""A study of shell scripts as jobs of a real Slurm: followed, left alone, found again, cancelled, requeued."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration import runs
from orchestration.doctor import slurm as doctor
from orchestration.engines import slurm_engine, slurm_queue
from orchestration.engines.docker_engine import DockerEngine
from orchestration.errors import NoDevice, StageFailed
from orchestration.images import exported
from orchestration.repository import REPOSITORY
from orchestration.stage import Plan, Resources
from orchestration.store import Store
from tests.slurm.cluster import Cluster
from tests.slurm.slurm_study import plan, run
from tests.study.shell_study import NUMBERS, stage

pytestmark = pytest.mark.docker
Start = Callable[[str], subprocess.Popen[str]]
_PATIENCE_SECONDS = 300  # a machine may be busy


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def start(cluster: Cluster, tiny_image: str, store: Store) -> Iterator[Start]:
    """Starts the study as a program of its own."""
    started: list[subprocess.Popen[str]] = []

    def start_program(verb: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "tests.slurm.slurm_study", str(store.root), tiny_image, verb]
        program = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
        started.append(program)
        return program

    yield start_program
    for program in started:
        program.kill()
        program.communicate()


@pytest.fixture
def slow(tiny_image: str, store: Store, cluster: Cluster) -> str:
    """The key of the stage `slow`."""
    return runs.with_keys(plan(tiny_image), store, slurm_engine.connect().image_id, print).keys["slow"]


def numbers(store: Store, key: str) -> list[str]:
    """What the stage `slow` has written so far, finished or not."""
    places = [store.folder(key), *(store.root / f".run/{key}.job").glob("out-*"), store.partial(key)]
    return next(((place / "numbers").read_text().split() for place in places if (place / "numbers").is_file()), [])


def hurry(store: Store, key: str) -> None:
    """Have the stage `slow`, which runs, write its numbers without a pause."""
    for out in (store.root / f".run/{key}.job").glob("out-*"):
        (out / "hurry").touch()


def job_of(store: Store, key: str) -> slurm_queue.Entry | None:
    name = slurm_queue.name_of(store.root, key)
    return next((entry for entry in slurm_queue.asked().values() if entry.name == name and entry.lives), None)


def test_a_study_runs_and_is_kept(
    start: Start, cluster: Cluster, tiny_image: str, store: Store, slow: str
) -> None:
    program = start("run")
    cluster.wait(lambda: numbers(store, slow))
    hurry(store, slow)
    assert program.wait(timeout=_PATIENCE_SECONDS) == 0
    keys = run(plan(tiny_image), store).keys
    assert (store.folder(keys["last"]) / "all").read_text().split() == ["hello", *NUMBERS]
    record = store.record(keys["last"])
    assert record["engine"] == "slurm" and record["host"]["name"] in cluster.names and record["seconds"] > 0
    assert record["inputs"] == {"quick": keys["quick"], "slow": keys["slow"]}
    assert record["image_id"].startswith("sha256:")
    assert not list(store.root.glob("*.partial")) and not list(store.root.glob(".run/*.job"))


def test_a_failed_stage_is_told_in_full_and_goes_on_where_it_was_and_is_apart(
    cluster: Cluster, tiny_image: str, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    script = "ls /out/tried || { touch /out/tried; echo trouble ahead >&2; exit 7; }"
    after = "cat /proc/net/dev > /out/net; cat /in/a/tried; touch /in/a/tried || touch /out/refused"
    wanted = Plan("s", (stage(tiny_image, "a", script), stage(tiny_image, "after", after, "a")), {})
    with pytest.raises(StageFailed, match="a failed; after did not run"):
        run(wanted, store)
    told = capsys.readouterr().out
    assert "a failed: it crashed" in told and "status:  7" in told and "    trouble ahead" in told
    keys = run(wanted, store).keys
    assert (store.folder(keys["a"]) / "tried").exists()
    made = store.folder(keys["after"])
    assert (made / "refused").exists(), "a stage cannot write to its inputs"
    interfaces = [line.split(":")[0].strip() for line in (made / "net").read_text().splitlines() if ":" in line]
    assert interfaces == ["lo"], "nor has it a network"


def test_what_asks_for_more_than_any_node_has_is_refused(cluster: Cluster, tiny_image: str, store: Store) -> None:
    wish = Resources(gpus=3, cores=1, memory=64 << 20)
    greedy = replace(stage(tiny_image, "greedy", "exit 0"), resources=wish)
    with pytest.raises(NoDevice, match=r"greedy: asks for 3 GPU\(s\)"):
        run(Plan("s", (greedy,), {}), store)


def test_gpus_are_given_by_slurm(cluster: Cluster, tiny_image: str, store: Store) -> None:
    wish = Resources(gpus=1, cores=1, memory=64 << 20)
    seeing = replace(stage(tiny_image, "gpu", "echo $CUDA_VISIBLE_DEVICES > /out/gpus"), resources=wish)
    keys = run(Plan("s", (seeing,), {}), store).keys
    assert (store.folder(keys["gpu"]) / "gpus").read_text() in ("0\n", "1\n")


def test_a_killed_run_finds_its_jobs_again(start: Start, store: Store, slow: str, cluster: Cluster) -> None:
    program = start("run")
    cluster.wait(lambda: len(numbers(store, slow)) > 3)
    program.kill()
    program.wait()
    before = job_of(store, slow)
    again = start("run")
    hurry(store, slow)
    told, _ = again.communicate(timeout=_PATIENCE_SECONDS)
    assert numbers(store, slow) == NUMBERS, told
    assert before is not None and store.record(slow)["job"].startswith(f"{before.job}.")


def test_an_interruption_leaves_jobs_alone_and_cancel_ends_them(
    start: Start, store: Store, slow: str, cluster: Cluster
) -> None:
    program = start("run")
    cluster.wait(lambda: numbers(store, slow))
    program.send_signal(signal.SIGINT)
    told, _ = program.communicate(timeout=_PATIENCE_SECONDS)
    assert program.returncode == 130 and "detaching: what is queued or runs goes on" in told
    assert job_of(store, slow) is not None
    assert start("cancel").communicate(timeout=_PATIENCE_SECONDS)[0] == "cancelled: 1\n"
    cluster.wait(lambda: job_of(store, slow) is None)
    assert 0 < len(numbers(store, slow)) < len(NUMBERS)
    assert job_of(store, slow) is None, "a cancelled job stays cancelled"
    again = start("run")
    told, _ = again.communicate(timeout=_PATIENCE_SECONDS)
    assert again.returncode == 0 and numbers(store, slow) == NUMBERS, told


def test_a_plan_is_submitted_and_left_alone(start: Start, store: Store, slow: str, cluster: Cluster) -> None:
    (store.root.parent / "site.yaml").write_text("time: '10'\n")
    program = start("detach")
    told, _ = program.communicate(timeout=_PATIENCE_SECONDS)
    assert program.returncode == 0 and "3 jobs are queued or run" in told
    states = slurm_queue.told(store.root, [slow])
    assert states[slow].startswith(("queued (Dependency)", "queued (None)", "running on n"))
    assert start("detach").wait(timeout=_PATIENCE_SECONDS) == 0  # finds them again
    names = [name for name in cluster.jobs("%j") if name.startswith(slurm_queue.name_of(store.root, "")[:14])]
    assert len(names) == len(set(names))
    cluster.wait(lambda: numbers(store, slow))
    hurry(store, slow)
    cluster.wait(lambda: list(store.root.glob("*/all")))
    assert numbers(store, slow) == NUMBERS
    again = start("run")
    assert again.wait(timeout=_PATIENCE_SECONDS) == 0
    assert not list(store.root.glob("*.partial"))


def test_near_its_time_limit_a_job_is_requeued_and_goes_on(
    start: Start, store: Store, slow: str, cluster: Cluster
) -> None:
    program = start("run")
    cluster.wait(lambda: len(numbers(store, slow)) > 3)
    before = job_of(store, slow)
    assert before is not None
    subprocess.run(["scancel", "--batch", "--signal=USR1", str(before.job)], check=True)  # as Slurm does
    told, _ = program.communicate(timeout=_PATIENCE_SECONDS)
    assert program.returncode == 0 and numbers(store, slow) == NUMBERS, told
    assert store.record(slow)["job"].startswith(f"{before.job}.1."), "it is the same job, started again"


def test_the_doctor_has_nodes_tell(
    cluster: Cluster, tiny_image: str, docker_engine: DockerEngine, folder: Path
) -> None:
    exported.export(docker_engine.client, tiny_image, print)
    plain = stage(tiny_image, "plain", "exit 0")
    plans = {"s.yaml": Plan("s", (plain, replace(plain, name="train", resources=Resources(1, 1, 1 << 30))), {})}
    engine, *found = doctor.find(slurm_engine.connect(), folder, plans)
    assert "its largest node has 4 cores, 12 GiB and 2 GPU(s)" in engine.text
    told = [(finding.level, finding.subject, finding.text) for finding in found]
    assert [level for level, _, _ in told] == ["ok", "ok", "ok", "ok", "problem"], told
    assert told[1] == ("ok", "a job for plain", f"the image {tiny_image} runs")
    assert told[4][1:] == ("a job for train", told[4][2]) and told[4][2].startswith("nvidia-smi in the image ended")
    assert list(folder.iterdir()) == []


def test_the_doctor_tells_of_a_job_that_is_refused(cluster: Cluster, tiny_image: str, folder: Path) -> None:
    (folder / "site.yaml").write_text("partition: nowhere\n")
    plans = {"s.yaml": Plan("s", (stage(tiny_image, "plain", "exit 0"),), {})}
    found = doctor.find(slurm_engine.connect(), folder, plans)[-1]
    assert found.level == "problem" and "invalid partition" in found.text and "site.yaml" in found.mend
