"""The Docker engine against a real Docker Engine, with an image that is just a shell."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from docker.models.containers import Container
from docker.types import Mount

from orchestration.engines import Job, Result, docker_containers, docker_trial
from orchestration.engines import docker_engine as engine_module
from orchestration.engines.docker_engine import DockerEngine, connect
from orchestration.errors import NoDevice, NoEngine, UserError
from orchestration.repository import REPOSITORY
from orchestration.stage import Resources

MakeJob = Callable[..., Job]
GIGABYTE = 1 << 30


@pytest.fixture
def run(docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob) -> Callable[..., tuple[list[object], Result]]:
    """Run a shell script in a container: its events and its end."""

    def run_script(script: str, **changes: object) -> tuple[list[object], Result]:
        running = docker_engine.start(make_job(tiny_image, script, **changes))
        return list(running.events()), running.result()

    return run_script


Run = Callable[..., tuple[list[dict[str, object]], Result]]


def ended(result: Result) -> tuple[int, bool]:
    """Exit status, and whether memory ran out."""
    return result.status, result.out_of_memory


def containers(engine: DockerEngine, store: Path) -> list[Container]:
    """Those of a store, running or not."""
    return list(engine.client.containers.list(all=True, filters={"label": f"ganfp.store={store}"}))


def inside(run: Run, tmp_path: Path, script: str, **changes: object) -> str:
    """What a script writes to standard error inside a container."""
    _, result = run(f"{{ {script} ; }} >&2", **changes)
    assert result.status == 0, (tmp_path / "stage.log").read_text()
    return (tmp_path / "stage.log").read_text()


def test_events_are_told_and_the_rest_goes_to_the_log(run: Run, tmp_path: Path) -> None:
    events, result = run(
        """echo '{"event": "progress", "step": 1, "total": 2}'; echo hello; echo trouble >&2
        echo '{"no": "event"}'; printf '{"event": "done"}'"""
    )
    assert events == [{"event": "progress", "step": 1, "total": 2}, {"event": "done"}]
    assert sorted((tmp_path / "stage.log").read_text().splitlines()) == [
        "hello", "trouble", '{"event": "done"}', '{"no": "event"}'
    ]  # fmt: skip
    assert result.status == 0 and "trouble" in result.last_lines


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_the_exit_status_is_told(run: Run, status: int) -> None:
    assert ended(run(f"exit {status}")[1]) == (status, False)


def test_the_log_of_an_earlier_run_is_kept(run: Run, tmp_path: Path) -> None:
    run("echo one >&2")
    run("echo two >&2")
    assert (tmp_path / "stage.log").read_text() == "one\ntwo\n"


def test_it_runs_as_the_calling_user_and_files_belong_to_them(run: Run, tmp_path: Path) -> None:
    assert inside(run, tmp_path, "id -u; id -g; touch /out/file").split() == [str(os.getuid()), str(os.getgid())]
    assert (tmp_path / "out" / "file").stat().st_uid == os.getuid()


def test_the_root_is_read_only_and_tmp_is_not(run: Run, tmp_path: Path) -> None:
    text = inside(run, tmp_path, "touch /tmp/file && echo tmp; touch /file || echo refused")
    assert "tmp" in text and "refused" in text and not (tmp_path / "file").exists()


def test_it_has_no_capabilities_and_no_new_privileges(run: Run, tmp_path: Path) -> None:
    fields = dict(line.split(":\t") for line in inside(run, tmp_path, "cat /proc/self/status").splitlines())
    assert [int(fields[name], 16) for name in ("CapEff", "CapPrm", "CapBnd", "CapInh")] == [0, 0, 0, 0]
    assert fields["NoNewPrivs"] == "1"


def test_it_has_no_network(run: Run, tmp_path: Path) -> None:
    assert inside(run, tmp_path, "ls /sys/class/net").split() == ["lo"]


def test_shared_memory_is_larger_than_the_usual_64_megabytes(run: Run, tmp_path: Path) -> None:
    sizes = inside(run, tmp_path, "df -k /dev/shm", memory=GIGABYTE).splitlines()[-1].split()
    assert int(sizes[1]) == GIGABYTE // 2 // 1024


def test_limits_and_labels_are_set(
    docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob, tmp_path: Path
) -> None:
    running = docker_engine.start(make_job(tiny_image, "sleep 0.5"))
    (container,) = containers(docker_engine, tmp_path)
    host = container.attrs["HostConfig"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (64 << 20, 64 << 20, 10**9)
    assert host["Init"] is True and host["PidsLimit"] > 0 and not host["DeviceRequests"]
    assert container.labels["ganfp.run"] == "test" and container.labels["ganfp.key"] == "0" * 64
    list(running.events())
    running.result()


def test_nothing_is_left_of_a_container(run: Run, docker_engine: DockerEngine, tmp_path: Path) -> None:
    run("exit 1")
    assert docker_engine.client.containers.list(all=True, filters={"label": f"ganfp.store={tmp_path}"}) == []


def test_inputs_are_shown_read_only_and_paths_are_put_into_the_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "file").write_text("content\n")
    script = "cat {in}/set/file {config}; touch {in}/set/new || echo refused; touch {out}/made"
    text = inside(run, tmp_path, script, inputs={"set": tmp_path / "set"})
    assert text.startswith("content\n{}") and "refused" in text and (tmp_path / "out" / "made").exists()


def test_an_input_may_be_one_file_of_a_folder_inside(run: Run, tmp_path: Path) -> None:
    for name in ("model.index", "model.data", "neighbour"):
        (tmp_path / name).write_text(f"{name}\n")
    inputs = {f"checkpoint/{name}": tmp_path / name for name in ("model.index", "model.data")}
    text = inside(run, tmp_path, "ls {in}/checkpoint; cat {in}/checkpoint/model.data", inputs=inputs)
    assert text.split() == ["model.data", "model.index", "model.data"]


def test_it_knows_its_image_and_its_cores(
    run: Run, tmp_path: Path, docker_engine: DockerEngine, tiny_image: str
) -> None:
    image_id = docker_engine.client.images.get(tiny_image).id
    assert inside(run, tmp_path, "echo $GANFP_IMAGE $OMP_NUM_THREADS").split() == [image_id, "1"]


def test_an_out_of_memory_kill_is_told(run: Run) -> None:
    assert ended(run("tail /dev/zero")[1]) == (137, True)


def test_a_kill_from_outside_is_no_lack_of_memory(
    docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob, tmp_path: Path
) -> None:
    running = docker_engine.start(make_job(tiny_image, "sleep 60"))
    containers(docker_engine, tmp_path)[0].kill()
    assert (list(running.events()), ended(running.result())) == ([], (137, False))


def test_cancel_lets_it_end_by_itself(docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob) -> None:
    script = """trap 'touch /out/checkpoint; exit 143' TERM; echo '{"event": "log"}'; while :; do sleep 0.1; done"""
    job = make_job(tiny_image, script)
    running = docker_engine.start(job)
    for _ in running.events():
        running.cancel()
        running.cancel()
    assert ended(running.result()) == (143, False)
    running.cancel()
    assert (job.out / "checkpoint").exists()


def test_what_ignores_a_cancel_is_killed(
    docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "GRACE_SECONDS", 1.0)
    script = """trap '' TERM; echo '{"event": "log"}'; while :; do sleep 0.1; done"""
    running = docker_engine.start(make_job(tiny_image, script))
    for _ in running.events():
        running.cancel()
    assert ended(running.result()) == (137, False)


def test_there_are_never_two_writers(docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob) -> None:
    job = make_job(tiny_image, "trap 'exit 143' TERM; touch /out/first; while :; do sleep 0.1; done")
    first = docker_engine.start(job)
    while not (job.out / "first").exists():
        time.sleep(0.05)
    assert docker_engine.attach(job) is None
    second = docker_engine.start(make_job(tiny_image, "exit 0"))
    assert (list(second.events()), ended(second.result())) == ([], (0, False))
    assert (list(first.events()), ended(first.result())) == ([], (137, False))


def test_only_abandoned_containers_are_cleaned(
    docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob, tmp_path: Path
) -> None:
    script = "trap 'exit 143' TERM; while :; do sleep 0.1; done"
    running = [docker_engine.start(make_job(tiny_image, script, key=key)) for key in ("dead", "alive")]
    docker_engine.clean(tmp_path, lambda key: key == "dead")
    assert [container.labels["ganfp.key"] for container in containers(docker_engine, tmp_path)] == ["alive"]
    docker_engine.clean(tmp_path, lambda key: True)
    assert [stage.result().status for stage in running] == [137, 137]


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("echo said: $0; id -u >&2", (0, b"said: settings\n")),
        ("touch /x; exit 2", (2, b"")),
        ("cat /dev/zero", (125, b"")),  # no whole answer: it is too long
        ("sleep 60", (137, b"")),  # it takes too long
    ],
)
def test_a_question_is_answered_within_limits_and_nothing_is_left(
    docker_engine: DockerEngine,
    tiny_image: str,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    answer: tuple[int, bytes],
) -> None:
    monkeypatch.setattr(engine_module, "_ANSWER_SECONDS", 5)
    entrypoint = json.dumps(["/bin/sh", "-c", script])
    dockerfile = io.BytesIO(f"FROM {tiny_image}\nENTRYPOINT {entrypoint}\n".encode())
    image, _ = docker_engine.client.images.build(fileobj=dockerfile, rm=True)
    try:
        assert docker_engine.ask(str(image.id), "settings") == answer
        assert docker_engine.client.containers.list(all=True, filters={"ancestor": image.id}) == []
    finally:
        docker_engine.client.images.remove(image.id, force=True)


ASK = """
import sys
from orchestration.engines.docker_engine import connect
print(connect().ask(sys.argv[1], "settings"))
"""


def test_a_question_that_nobody_waits_for_is_cleaned_away(
    docker_engine: DockerEngine, tiny_image: str, tmp_path: Path
) -> None:
    """An image may call itself whatever it wants: labels of its own are no trouble."""
    lines = [f"FROM {tiny_image}", f"LABEL ganfp.store={tmp_path}", "LABEL ganfp.asker=[[]]",
             'ENTRYPOINT ["/bin/sh", "-c", "while :; do sleep 0.1; done"]']
    image, _ = docker_engine.client.images.build(fileobj=io.BytesIO("\n".join(lines).encode()), rm=True)
    asking = [subprocess.Popen([sys.executable, "-c", ASK, str(image.id)], cwd=REPOSITORY) for _ in range(2)]

    def questions() -> list[Container]:
        return list(docker_engine.client.containers.list(all=True, filters={"ancestor": image.id}))

    try:
        for left, program in ((1, asking[0]), (0, asking[1])):
            while len(questions()) < left + 1:
                time.sleep(0.05)
            program.kill()
            program.wait()
            docker_engine.clean(tmp_path, lambda key: True)
            assert len(questions()) == left
        docker_engine.client.containers.create(image.id)  # somebody else's
        docker_engine.clean(tmp_path, lambda key: True)
        assert len(questions()) == 1
    finally:
        for container in questions():
            container.remove(force=True)
        docker_engine.client.images.remove(image.id, force=True)


def test_a_missing_image_is_named(docker_engine: DockerEngine, make_job: MakeJob) -> None:
    with pytest.raises(UserError, match="nobody/nothing:1"):
        docker_engine.start(make_job("nobody/nothing:1", "exit 0"))


@pytest.mark.parametrize("options", [None, ["name=seccomp,profile=default"]])
def test_it_runs_as_the_caller_whatever_the_engine_says_of_its_security(options: list[str] | None) -> None:
    groups = [str(group) for group in os.getgroups()]
    caller = {"user": f"{os.getuid()}:{os.getgid()}", "group_add": groups}
    assert docker_containers._user({"SecurityOptions": options}) == caller


@pytest.mark.parametrize("rootless", [{"SecurityOptions": ["name=seccomp", "name=rootless"]}, {"Rootless": True}])
def test_in_a_rootless_engine_the_caller_is_root_inside(rootless: dict[str, object]) -> None:
    assert docker_containers._user(rootless) == {"user": "0:0"}


def test_an_engine_that_remaps_users_is_asked_not_to() -> None:
    assert docker_containers._user({"SecurityOptions": ["name=userns"]})["userns_mode"] == "host"


def test_selinux_does_not_hide_files() -> None:
    assert "label=disable" in docker_containers._security({"SecurityOptions": ["name=selinux"]})["security_opt"]
    assert "label=disable" not in docker_containers._security({"SecurityOptions": None})["security_opt"]


@pytest.mark.parametrize("missing", ["CpuCfsQuota", "CpuCfsPeriod"])
def test_cores_are_no_limit_where_the_kernel_knows_none(missing: str) -> None:
    wish = Resources(gpus=0, cores=2, memory=GIGABYTE)
    assert docker_containers._limits(wish, {})["nano_cpus"] == 2 * 10**9
    assert "nano_cpus" not in docker_containers._limits(wish, {missing: False})


def test_a_gpu_that_is_not_there_is_a_clear_error(
    docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob, tmp_path: Path
) -> None:
    if docker_engine.nodes()[0].gpus:
        pytest.skip("this machine has a GPU")
    with pytest.raises(NoDevice, match="could not select device driver.*nvidia-container-toolkit"):
        docker_engine.start(make_job(tiny_image, "exit 0", gpus=("0",)))
    assert docker_engine.client.containers.list(all=True, filters={"label": f"ganfp.store={tmp_path}"}) == []


def test_an_engine_that_is_not_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(NoEngine) as error:
        connect()
    assert "none.sock" in str(error.value) and "\n" not in str(error.value)


def test_an_engine_that_can_run_stages_passes_its_trial(docker_engine: DockerEngine, tmp_path: Path) -> None:
    (tmp_path / "data.zip").touch()
    before = len(docker_engine.client.containers.list(all=True))
    told: list[str] = []
    docker_engine.check(tmp_path / "store", [tmp_path / "data.zip"], told.append)
    assert (told, list((tmp_path / "store").iterdir())) == ([], [])
    assert len(docker_engine.client.containers.list(all=True)) <= before


def test_what_the_engine_does_not_see_is_told_before_anything_is_built(
    docker_engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*arguments: object) -> dict[str, object]:
        made = docker_containers.arguments(*arguments)  # type: ignore[arg-type]
        return {**made, "mounts": [Mount("/out", "/proc/self/not here", type="bind")]}

    monkeypatch.setattr(docker_trial, "docker_containers", SimpleNamespace(arguments=elsewhere))
    with pytest.raises(UserError, match="(?s)does not see this place.*snap.*--store DIR") as error:
        docker_engine.check(tmp_path, [], print)
    assert "\n" not in str(error.value)


def test_another_file_of_the_same_name_is_not_ours(
    docker_engine: DockerEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*arguments: object) -> dict[str, object]:
        made = docker_containers.arguments(*arguments)  # type: ignore[arg-type]
        return {**made, "mounts": [Mount("/out", "/proc", type="bind")]}

    monkeypatch.setattr(docker_trial, "docker_containers", SimpleNamespace(arguments=elsewhere))
    with pytest.raises(UserError, match="does not see this place"):
        docker_engine.check(tmp_path, [], print)


def test_several_run_at_once(docker_engine: DockerEngine, tiny_image: str, make_job: MakeJob) -> None:
    def stage(number: int) -> None:
        running = docker_engine.start(make_job(tiny_image, f"exit {number}", key=str(number)))
        list(running.events())
        statuses.append(running.result().status)

    statuses: list[int] = []
    threads = [threading.Thread(target=stage, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [0, 1, 2, 3]
