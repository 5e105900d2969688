"""What is asked of an engine for a GPU, from what it tells of itself; what nvidia-smi tells."""

from __future__ import annotations

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


def test_a_stage_without_gpus_never_asks() -> None:
    info = {"Runtimes": {"nvidia": {}}, "DiscoveredDevices": LISTED}
    assert docker_gpus.ways(info, "1.50", ()) == [{}]


def test_a_modern_engine_is_asked_by_device_request() -> None:
    assert docker_gpus.ways({"Runtimes": {"runc": {}}}, "1.41", (1,)) == [{"device_requests": [DEVICE_REQUEST]}]


def test_an_engine_with_cdi_devices_is_asked_by_their_names() -> None:
    first, *others = docker_gpus.ways({"DiscoveredDevices": LISTED}, "1.50", (1,))
    assert first == {"device_requests": [CDI_REQUEST]}
    assert others == [{"device_requests": [DEVICE_REQUEST]}]


def test_an_engine_that_only_says_where_its_cdi_files_are_is_asked_by_cdi_names(tmp_path: Path) -> None:
    info = {"CDISpecDirs": [str(tmp_path), str(tmp_path / "absent")]}
    assert docker_gpus.ways(info, "1.44", (1,)) == [{"device_requests": [DEVICE_REQUEST]}]
    (tmp_path / "nvidia.yaml").write_text("cdiVersion: 0.5.0\nkind: nvidia.com/gpu\n")
    assert docker_gpus.ways(info, "1.44", (1,))[0] == {"device_requests": [CDI_REQUEST]}


def test_an_old_engine_is_asked_for_its_old_runtime() -> None:
    assert docker_gpus.ways({"Runtimes": {"nvidia": {}}}, "1.39", (1,)) == [OLD_RUNTIME]


def test_the_old_runtime_is_the_last_resort_of_a_modern_engine() -> None:
    ways = docker_gpus.ways({"Runtimes": {"nvidia": {}}}, "1.41", (1,))
    assert ways == [{"device_requests": [DEVICE_REQUEST]}, OLD_RUNTIME]


def test_an_engine_that_cannot_has_no_way() -> None:
    assert docker_gpus.ways({}, "1.39", (1,)) == []


def test_several_gpus_are_named_each() -> None:
    (way,) = docker_gpus.ways({}, "1.41", (0, 2))
    assert way["device_requests"][0]["DeviceIDs"] == ["0", "2"]


def test_cdi_devices_are_counted_without_the_name_of_all() -> None:
    assert docker_gpus.count({"DiscoveredDevices": LISTED}) == 2


def test_what_nvidia_smi_prints_is_read() -> None:
    table = "0, NVIDIA A100-SXM4-40GB, 8.0, 535.104.05\n1, NVIDIA GeForce RTX 2080 Ti, 7.5, 535.104.05\n"
    assert gpus.parse(table) == [
        Gpu(0, "NVIDIA A100-SXM4-40GB", 8.0, (535, 104, 5)),
        Gpu(1, "NVIDIA GeForce RTX 2080 Ti", 7.5, (535, 104, 5)),
    ]


def test_an_nvidia_smi_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'; exit 18\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
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
