"""What the doctor says of engines, machines, GPUs and data that are written down here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from orchestration import images
from orchestration.doctor import Finding, engine, graphics, machine
from orchestration.errors import UserError
from orchestration.gpus import Gpu
from orchestration.images import facts, recipes
from orchestration.stage import Node, Plan, Resources, Stage

Pretend = Callable[..., None]

GIB = 1 << 30
NODE = Node("here", Resources(0, 2, 8 * GIB))
ENGINE = {"ServerVersion": "28.3.0", "Driver": "overlay2", "MemoryLimit": True, "SwapLimit": True, "PidsLimit": True}
CUDA_IMAGES = [name for name in images.names() if facts.read(recipes.framework_name(name)).cuda]


def plan(cores: int = 1, memory: int = GIB, file: str = "/nowhere/celeba.zip") -> dict[str, Plan]:
    stage = Stage("data", "real", "cpu", (), Resources(0, cores, memory), files={"archive": file})
    return {"celeba.yaml": Plan("celeba", (stage,), {})}


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level for finding in findings]


def words(findings: list[Finding], level: str) -> str:
    return " | ".join(f"{finding.text} -> {finding.mend}" for finding in findings if finding.level == level)


def test_a_good_engine_is_good() -> None:
    assert engine.judge(ENGINE) == [Finding("ok", "engine", "Docker 28.3.0, storage driver overlay2")]


def test_an_engine_without_limits_says_which() -> None:
    findings = engine.judge({**ENGINE, "MemoryLimit": False, "SwapLimit": False})
    assert "cannot limit memory, swap -> boot the kernel with cgroup_enable=memory" in words(findings, "warning")


@pytest.mark.parametrize(("told", "words_of_it"), [
    ({"SecurityOptions": ["name=selinux"]}, "label=disable"), ({"SecurityOptions": ["name=userns"]}, "remaps users"),
    ({"SecurityOptions": ["name=seccomp", "name=rootless"]}, "rootless"), ({"Rootless": True}, "rootless")])
def test_what_is_special_about_an_engine_is_told(told: dict[str, object], words_of_it: str) -> None:
    assert words_of_it in words(engine.judge({**ENGINE, **told}), "ok")


@pytest.mark.parametrize("missing", ["CpuCfsQuota", "CpuCfsPeriod"])
def test_a_kernel_without_limits_of_cores_is_told(missing: str) -> None:
    assert "cannot limit cores -> " in words(engine.judge({**ENGINE, missing: False}), "warning")


def test_podman_is_called_by_its_name() -> None:
    podman = {**ENGINE, "ServerVersion": "4.3.1", "BuildahVersion": "1.28.2", "SecurityOptions": None}
    assert engine.judge(podman) == [Finding("ok", "engine", "Podman 4.3.1, storage driver overlay2")]
    rootless = {**podman, "Rootless": True, "CgroupVersion": "1"}
    assert "cannot limit memory, swap, cores, processes" in words(engine.judge(rootless), "warning")
    assert "Podman gives no GPUs" in words(graphics.reach(podman, "/usr/bin/hook"), "problem")


def test_an_engine_that_cannot_run_stages_is_a_problem(tmp_path: Path) -> None:
    def refuse(store: Path, files: list[Path], say: object) -> None:
        raise UserError(f"the engine does not see {store} and {files[0].name}")

    (tmp_path / "celeba.zip").touch()
    findings = engine.tried(Mock(check=refuse), tmp_path, plan(file=str(tmp_path / "celeba.zip")))
    assert f"the engine does not see {tmp_path} and celeba.zip" in words(findings, "problem")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_a_folder_out_of_sight_is_no_traceback(tmp_path: Path) -> None:
    """The engine's folder lies below one that is root's alone."""
    tmp_path.chmod(0o700)
    (tmp_path / "docker").mkdir()
    os.seteuid(12345)
    try:
        assert levels(machine.disks(Path("/tmp"), tmp_path / "docker")) == ["ok"]
        assert "cannot be written there -> / belongs to root" in words(machine.disks(Path("/"), None), "problem")
        assert machine.existing(tmp_path / "docker" / "store") in tmp_path.parents
    finally:
        os.seteuid(0)


def test_a_store_may_be_named_from_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine mounts absolute paths alone."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store").mkdir()
    assert machine.existing(Path("store")) == tmp_path / "store"
    assert machine.existing(Path("")) == machine.existing(Path("new/store")) == tmp_path


def test_an_old_engine_is_said_to_be_old() -> None:
    assert "older than 19.03" in words(engine.judge({**ENGINE, "ServerVersion": "18.09.1+dfsg1"}), "warning")


def test_without_an_engine_stages_run_as_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    found, findings = engine.find(None)
    assert found.name == "process" and levels(findings) == ["warning", "ok"]
    assert "127.0.0.1:9" in findings[0].text and "apt install docker.io" in findings[0].text
    assert "neither isolated" in findings[1].text


def test_a_study_that_fits_has_no_problem() -> None:
    assert levels(machine.fits(plan(), [NODE], needed=True)) == ["ok"]


@pytest.mark.parametrize(("cores", "memory"), [(3, GIB), (1, 9 * GIB)])
def test_a_study_that_is_too_large_has_one(cores: int, memory: int) -> None:
    findings = machine.fits(plan(cores, memory), [NODE], needed=True)
    assert "celeba.yaml" in words(findings, "problem") and "lower `resources`" in words(findings, "problem")


def test_a_small_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.doctor.machine.shutil.disk_usage", lambda path: type("U", (), {"free": GIB}))
    findings = machine.disks(tmp_path / "not" / "yet" / "there", tmp_path)
    assert f"1.0 GiB free for store at {tmp_path}; 5 GiB are advised" in words(findings, "warning")
    assert "docker system prune" in words(findings, "warning")


def test_the_images_of_a_study_are_held_against_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.doctor.machine.shutil.disk_usage", lambda path: type("U", (), {"free": GIB}))
    small, large = Plan("demo", (), {}, written=GIB), Plan("celeba", (), {}, written=313 * GIB)
    findings = machine.room({"demo.yaml": small, "celeba.yaml": large}, tmp_path / "store")
    assert levels(findings) == ["ok", "warning"]
    assert (f"celeba.yaml writes 313.0 GiB of images, beside its models; 1.0 GiB are free at {tmp_path} -> free some, "
            "or choose another disk: run --store DIR") == words(findings, "warning")


def test_missing_data_blocks_the_study_that_was_asked_about() -> None:
    findings = machine.datasets(plan(), needed=True)
    assert "put it at /nowhere/celeba.zip -> celeba.yaml says where" in words(findings, "problem")
    assert levels(machine.datasets(plan(), needed=False)) == ["warning"]


def test_a_page_in_place_of_an_archive_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "celeba.zip").write_text("<!DOCTYPE html><title>Quota exceeded</title>")
    assert "quota" in words(machine.datasets(plan(file=str(tmp_path / "celeba.zip")), needed=True), "problem")


def runs(gpu: Gpu) -> list[str]:
    """The images that run on a GPU, as the doctor says."""
    (finding,) = [finding for finding in graphics.judge([gpu]) if finding.level == "ok"]
    return finding.text.partition(": it runs ")[2].split(", ")


def test_a_gpu_is_told_with_the_images_that_run_on_it_and_those_that_do_not() -> None:
    old = Gpu(0, "Tesla V100", 7.0, (580, 82, 7))
    assert runs(old) == [name for name in CUDA_IMAGES if name not in ("cramergan", "mmdgan")]
    assert words(graphics.judge([old]), "warning") == (
        "0: not cramergan, mmdgan (CUDA 13: compute capability 7.5 to 12.1) -> say `device: cpu` in the manifest")
    assert "no image runs on it" in words(graphics.judge([Gpu(1, "Tesla M2090", 2.0, (390, 157))]), "ok")


@pytest.mark.parametrize("framework", sorted({recipes.framework_name(name) for name in CUDA_IMAGES}))
def test_what_an_image_needs_is_a_driver_and_a_compute_capability(framework: str) -> None:
    """At the ends of what image.toml says it runs, and beyond each of them it does not."""
    cuda = facts.read(framework).cuda
    assert cuda is not None
    (oldest, newest), driver = cuda.capability, cuda.driver
    image = next(name for name in CUDA_IMAGES if recipes.framework_name(name) == framework)
    for capability in (oldest, newest):
        assert image in runs(Gpu(0, "Some", capability, cuda.driver_of(capability)))
    version = ".".join(map(str, driver))
    for gpu, mend in ((Gpu(0, "Some", oldest, (driver[0] - 1, 99)), f"install NVIDIA driver {version} or newer"),
                      (Gpu(0, "Some", oldest - 0.1, (999,)), cuda.otherwise),
                      (Gpu(0, "Some", newest + 0.1, (999,)), cuda.otherwise),
                      (Gpu(0, "Some", None, (999,)), "install a newer NVIDIA driver"),
                      (Gpu(0, "Some", oldest, ()), f"install NVIDIA driver {version} or newer")):
        findings = graphics.judge([gpu])
        assert image not in runs(gpu)
        assert mend in [finding.mend for finding in findings if image in finding.text]


def test_a_gpu_whose_code_the_driver_compiles_needs_one_that_can() -> None:
    """TensorFlow has machine code up to 8.9: a driver that does for an L40 does not for an H100."""
    assert "progan" in runs(Gpu(0, "NVIDIA L40", 8.9, (550, 90, 7)))
    old, new = Gpu(0, "NVIDIA H100 80GB HBM3", 9.0, (550, 90, 7)), Gpu(0, "NVIDIA H100 80GB HBM3", 9.0, (555, 42, 2))
    assert "sngan" in runs(old) and "progan" not in runs(old) and "progan" in runs(new)
    assert ("0: not attribution, perception, progan (CUDA 12: driver 555.42 or newer) -> install NVIDIA driver 555.42 "
            "or newer") in words(graphics.judge([old]), "warning")


@pytest.mark.parametrize(("said", "status", "text", "mend"), [
    ("Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 535.183", 18,
     "nvidia-smi fails: Failed to initialize NVML: Driver/library version mismatch NVML library version: 535.183",
     "reboot: the driver was upgraded"),
    ("Failed to initialize NVML: Unknown Error", 255, "Failed to initialize NVML: Unknown Error", "reboot, or install"),
    ("Failed to initialize NVML: Insufficient Permissions", 4, "Insufficient Permissions", "group that owns"),
    ("Failed to initialize NVML: GPU access blocked by the operating system", 17, "blocked", "in Windows, install"),
    ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA "
     "driver is installed and running.", 9, "couldn't communicate", "modprobe nvidia"),
    ("NVIDIA-SMI couldn't find libnvidia-ml.so library.", 12, "couldn't find libnvidia-ml", "--gpus all"),
    ("Unable to determine the device handle for GPU0000:3B:00.0: Unknown Error", 255, "device handle", "reboot"),
    ("Unable to determine the device handle for GPU 0000:3B:00.0: GPU is lost.  Reboot the system to recover this GPU",
     15, "GPU is lost. Reboot", "reboot"),
    ("", 139, "nvidia-smi fails: it ends with 139", "install the driver again")])
def test_an_nvidia_smi_that_fails_has_its_mend(smi: Pretend, said: str, status: int, text: str, mend: str) -> None:
    smi(f"cat <<'SAID'\n{said}\nSAID\nexit {status}")
    (finding,) = graphics.find(None, needed=True)
    assert finding.level == "problem" and text in finding.text and mend in finding.mend
    assert levels(graphics.find(None, needed=False)) == ["warning"]


@pytest.mark.parametrize(("unknown", "row", "told", "warned"), [
    ("mig.mode.current compute_cap", "0, GeForce GTX 1080, 384.183", "compute capability 6.1, driver 384.183: no image",
     "driver 520.61 or newer"),
    ("mig.mode.current compute_cap", "0, Tesla V100-SXM2-16GB, 396.37", "compute capability 7.0, driver 396.37",
     "driver 525.60 or newer"),
    ("compute_cap", "0, A100-SXM4-40GB, 450.248.02, Enabled", "capability 8.0, driver 450.248.2", "slices (MIG)"),
    ("compute_cap", "0, NVIDIA A30, 470.256.02, Disabled", "compute capability 8.0", "driver 580.65 or newer"),
    ("", "0, NVIDIA H100 PCIe, 535.183.01, 9.0, Disabled", "it runs sngan", "driver 555.42 or newer"),
    ("", "0, NVIDIA L4, 550.127.05, 8.9, [N/A]", "it runs attribution, perception, progan, sngan", "driver 580.65"),
    ("", "0, NVIDIA GeForce RTX 5090, 580.95.05, 12.0, [N/A]", "it runs attribution", "not sngan (CUDA 11.8"),
    ("", "0, [GPU requires reset], 580.95.05, [N/A], [N/A]", "", "cannot read its name, [GPU requires reset]"),
    ("", "0, Tesla T4, 580.95.05, 7.5, [N/A]\nWARNING: infoROM is corrupted at gpu 0000:00:1E.0", "it runs attribution",
     "computes all the same")])
def test_whatever_a_driver_tells_is_judged(smi: Pretend, unknown: str, row: str, told: str, warned: str) -> None:
    """Drivers 384 to 580: those before 450 know nothing of MIG, those before 510 no compute capability."""
    smi(f"""for field in {unknown}; do case $1 in *$field*)
        echo "Field \\"$field\\" is not a valid field to query."; echo; exit 2 ;; esac; done
        cat <<'SAID'\n{row}\nSAID""")
    findings = graphics.find(None, needed=True)
    assert told in words(findings, "ok") and warned in words(findings, "warning")
    assert all(finding.mend for finding in findings if finding.level == "warning")


def test_what_a_stage_has_of_a_gpu_that_it_shares_is_told(smi: Pretend) -> None:
    smi("case $1 in *uuid*) echo '0, GPU-a0' ;; *) echo '0, 81559' ;; esac")
    plans = {"one.yaml": Plan("one", (), {}), "four.yaml": Plan("four", (), {}, slots_per_gpu=4)}
    node = Node("here", Resources(1, 2, GIB), ("GPU-a0",))
    assert words(graphics.shares(plans, [node]), "ok") == (
        "four.yaml has 4 stages on a GPU, each with 19.9 GiB of its memory -> ")
    assert graphics.shares(plans, [NODE]) == []


def test_a_gpu_in_slices_is_told_to_be(smi: Pretend) -> None:
    smi("echo '0, NVIDIA A100-SXM4-40GB, 580.82.07, 8.0, Enabled'; echo Unable; exit 15")
    findings = graphics.find(None, needed=True)
    assert "cut into slices (MIG), of which a stage sees one -> name those" in words(findings, "warning")
    assert "nvidia-smi also says: Unable -> reboot" in words(findings, "warning")


def test_an_old_card_under_an_old_driver_is_known_by_its_name(smi: Pretend) -> None:
    smi("""case $1 in *mig*|*compute_cap*) f=compute_cap; case $1 in *mig*) f=mig.mode.current ;; esac
        echo "Field \\"$f\\" is not a valid field to query."; exit 2 ;; esac
        echo '0, Tesla K80, 418.39'; echo '1, Tesla T4, 418.39'""")
    findings = graphics.find(None, needed=True)
    told = words(findings, "ok")
    for card in ("0: Tesla K80, compute capability 3.7, driver 418.39", "1: Tesla T4, compute capability 7.5"):
        assert card in told
    assert "1: not cramergan, mmdgan (CUDA 13: driver 580.65 or newer) -> install" in words(findings, "warning")


def test_no_gpu_blocks_only_those_who_asked_for_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert levels(graphics.find(ENGINE, needed=False)) == ["ok"]
    assert "`device: cpu`" in words(graphics.find(ENGINE, needed=True), "problem")


def test_how_containers_get_gpus_is_told() -> None:
    assert "CDI names" in graphics.reach({"DiscoveredDevices": [{"ID": "nvidia.com/gpu=0"}]}, None)[0].text
    assert "device requests, runtime: nvidia" in graphics.reach({"Runtimes": {"nvidia": {}}}, "/usr/bin/hook")[0].text
    assert "nvidia-ctk runtime configure" in words(graphics.reach({}, None), "problem")
