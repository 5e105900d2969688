"""What is asked of an engine for a GPU, from what it tells of itself; what nvidia-smi tells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration import gpus, mends
from orchestration.engines import docker_gpus
from orchestration.gpus import Gpu

DEVICE_REQUEST = {"Driver": "", "Count": 0, "DeviceIDs": ["1"], "Capabilities": [["gpu"]], "Options": {}}
CDI_REQUEST = {"Driver": "cdi", "Count": 0, "DeviceIDs": ["nvidia.com/gpu=1"], "Capabilities": [], "Options": {}}
OLD_RUNTIME = {"runtime": "nvidia", "environment": {"NVIDIA_VISIBLE_DEVICES": "1"}}
LISTED = [
    {"Source": "cdi", "ID": name} for name in ("nvidia.com/gpu=0", "nvidia.com/gpu=1", "nvidia.com/gpu=all", "x.y/z=0")
]


PRETENDED = """
case "$1" in
*compute_cap*) if [ {old} = True ]; then echo 'Field "compute_cap" is not a valid field to query.'; exit 2; fi
    echo '0, Pretended, 8.0, 535.1'; echo '1, Pretended, 8.0, 535.1' ;;
*uuid*) if [ {uuids} = 2 ]; then echo '0, GPU-a0'; echo '1, GPU-b1'; else echo '0, [N/A]'; echo '1, [N/A]'; fi ;;
*driver*) echo '0, Pretended, 418.39'; echo '1, Pretended, 418.39' ;;
*) echo '0, Pretended'; echo '1, Pretended' ;;
esac
"""
Pretend = Callable[..., None]


@pytest.fixture(autouse=True)
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """No GPUs of this machine; called, it puts a pretended nvidia-smi with two of them on the PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "none")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "bin").mkdir()

    def pretend(script: str = PRETENDED, uuids: int = 0, old: bool = False) -> None:
        program = tmp_path / "bin" / "nvidia-smi"
        program.write_text("#!/bin/sh\n" + script.replace("{uuids}", str(uuids)).replace("{old}", str(old)))
        program.chmod(0o755)

    return pretend


def test_a_stage_without_gpus_never_asks() -> None:
    info = {"Runtimes": {"nvidia": {}}, "DiscoveredDevices": LISTED}
    assert docker_gpus.ways(info, "1.50", ()) == [{}]


def test_a_modern_engine_is_asked_by_device_request() -> None:
    assert docker_gpus.ways({"Runtimes": {"runc": {}}}, "1.41", ("1",)) == [{"device_requests": [DEVICE_REQUEST]}]


def test_an_engine_with_cdi_devices_is_asked_by_their_names() -> None:
    first, *others = docker_gpus.ways({"DiscoveredDevices": LISTED}, "1.50", ("1",))
    assert first == {"device_requests": [CDI_REQUEST]}
    assert others == [{"device_requests": [DEVICE_REQUEST]}]


def test_an_engine_that_only_says_where_its_cdi_files_are_is_asked_by_cdi_names(tmp_path: Path) -> None:
    info = {"CDISpecDirs": [str(tmp_path), str(tmp_path / "absent")]}
    assert docker_gpus.ways(info, "1.44", ("1",)) == [{"device_requests": [DEVICE_REQUEST]}]
    (tmp_path / "nvidia.yaml").write_text("cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n")
    assert docker_gpus.ways(info, "1.44", ("1",))[0] == {"device_requests": [CDI_REQUEST]}


def test_an_old_engine_is_asked_for_its_old_runtime() -> None:
    assert docker_gpus.ways({"Runtimes": {"nvidia": {}}}, "1.39", ("1",)) == [OLD_RUNTIME]


def test_the_old_runtime_is_the_last_resort_of_a_modern_engine() -> None:
    ways = docker_gpus.ways({"Runtimes": {"nvidia": {}}}, "1.41", ("1",))
    assert ways == [{"device_requests": [DEVICE_REQUEST]}, OLD_RUNTIME]


def test_an_engine_that_cannot_has_no_way() -> None:
    assert docker_gpus.ways({}, "1.39", ("1",)) == []


def test_podman_is_asked_for_none(smi: Pretend) -> None:
    smi(uuids=2)
    info = {"BuildahVersion": "1.28.2", "Runtimes": {"nvidia": {}}, "CDISpecDirs": None}
    assert docker_gpus.ways(info, "1.41", ("GPU-a0",)) == [] and docker_gpus.ids(info) == ()


def test_several_gpus_are_named_each() -> None:
    (way,) = docker_gpus.ways({}, "1.41", ("0", "2"))
    assert way["device_requests"][0]["DeviceIDs"] == ["0", "2"]


def test_cdi_devices_are_named_by_index_whatever_the_ids(smi: Pretend) -> None:
    smi(uuids=2)
    first, second = docker_gpus.ways({"DiscoveredDevices": LISTED}, "1.50", ("GPU-b1",))
    assert first == {"device_requests": [CDI_REQUEST]}
    assert second["device_requests"][0]["DeviceIDs"] == ["GPU-b1"]


def test_cdi_devices_are_ids_without_the_name_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert docker_gpus.ids({"DiscoveredDevices": LISTED}) == ("0", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert docker_gpus.ids({"DiscoveredDevices": LISTED}) == ("1",)


def test_the_id_of_a_gpu_is_its_uuid_where_that_is_told(smi: Pretend) -> None:
    smi(uuids=2)
    assert gpus.ids() == ("GPU-a0", "GPU-b1") and gpus.indexes() == {"GPU-a0": "0", "GPU-b1": "1"}
    assert gpus.names(["GPU-b1", "GPU-c2"]) == ["Pretended", "GPU-c2"]
    smi(uuids=0)
    assert gpus.ids() == ("0", "1")


@pytest.mark.parametrize(
    ("stated", "seen"),
    [
        ("1", ("GPU-b1",)),
        ("1, 0", ("GPU-b1", "GPU-a0")),
        ("0,0", ("GPU-a0",)),
        ("GPU-b1", ("GPU-b1",)),
        ("GPU-b", ("GPU-b1",)),
        ("MIG-x/1", ("MIG-x/1",)),
        ("", ()),
        ("-1", ()),
        ("NoDevFiles", ()),
        ("0,-1,1", ("GPU-a0",)),
        ("7", ()),
    ],
)
def test_what_a_scheduler_leaves_us_is_honoured(
    smi: Pretend, monkeypatch: pytest.MonkeyPatch, stated: str, seen: tuple[str, ...]
) -> None:
    smi(uuids=2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", stated)
    assert gpus.ids() == seen


def test_without_gpus_a_stated_one_is_not_there(
    smi: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,GPU-b1")
    assert gpus.ids() == ()


def test_a_driver_that_is_too_old_to_tell_the_capability_is_read(smi: Pretend) -> None:
    smi(old=True)
    assert gpus.read() == [Gpu(0, "Pretended", None, (418, 39)), Gpu(1, "Pretended", None, (418, 39))]
    assert gpus.ids() == ("0", "1")


def test_an_nvidia_smi_that_hangs_is_told(smi: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_PATIENCE_SECONDS", 0.2)
    smi(script="exec sleep 60")
    with pytest.raises(gpus.DriverFailure, match="no answer within 0.2 s"):
        gpus.read()
    assert gpus.ids() == ()


def test_what_nvidia_smi_prints_is_read(smi: Pretend) -> None:
    table = "0, NVIDIA A100-SXM4-40GB, 8.0, 535.104.05\\n1, NVIDIA GeForce RTX 2080 Ti, 7.5, 535.104.05\\n"
    smi(script=f"printf '{table}'")
    assert gpus.read() == [
        Gpu(0, "NVIDIA A100-SXM4-40GB", 8.0, (535, 104, 5)),
        Gpu(1, "NVIDIA GeForce RTX 2080 Ti", 7.5, (535, 104, 5)),
    ]


def test_an_nvidia_smi_that_fails_is_told(smi: Pretend) -> None:
    smi(script="echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    with pytest.raises(gpus.DriverFailure, match="Failed to initialize NVML"):
        gpus.read()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('could not select device driver "" with capabilities: [[gpu]]', "nvidia-container-toolkit"),
        ("nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.4, please update", "newer driver"),
        ("Failed to initialize NVML: Unknown Error", "reboot"),
        ("write /out/images.npy: No space left on device", "disk is full"),
    ],
)
def test_what_people_run_into_has_its_mend(message: str, words: str) -> None:
    assert words in mends.explain(message)


def test_what_is_not_known_is_left_as_it_is() -> None:
    assert mends.explain("something\n else") == "something else"
