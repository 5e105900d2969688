"""What is asked of an engine for a GPU, from what it tells of itself; what nvidia-smi tells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration import cards, gpus, mends
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
*uuid*) if [ {uuids} = 2 ]; then echo '0, GPU-a0'; echo '1, GPU-b1'; else echo '0, [N/A]'; echo '1, [N/A]'; fi ;;
*) echo '0, Pretended'; echo '1, Pretended' ;;
esac
"""
WITHOUT = """
for field in {unknown}; do
    case "$1" in *$field*) echo "Field \\"$field\\" is not a valid field to query."; echo; exit 2 ;; esac
done
echo '{rows}'
"""
A100, T4 = "NVIDIA A100-SXM4-40GB", "Tesla T4"
Pretend = Callable[..., None]


@pytest.fixture(autouse=True)
def two(smi: Pretend) -> Pretend:
    """Puts a pretended nvidia-smi with two GPUs on the PATH, when it is called."""
    return lambda uuids=0: smi(PRETENDED.replace("{uuids}", str(uuids)))


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


def test_podman_is_asked_for_none(two: Pretend) -> None:
    two(uuids=2)
    info = {"BuildahVersion": "1.28.2", "Runtimes": {"nvidia": {}}, "CDISpecDirs": None}
    assert docker_gpus.ways(info, "1.41", ("GPU-a0",)) == [] and docker_gpus.ids(info) == ()


def test_several_gpus_are_named_each() -> None:
    (way,) = docker_gpus.ways({}, "1.41", ("0", "2"))
    assert way["device_requests"][0]["DeviceIDs"] == ["0", "2"]


def test_cdi_devices_are_named_by_index_whatever_the_ids(two: Pretend) -> None:
    two(uuids=2)
    first, second = docker_gpus.ways({"DiscoveredDevices": LISTED}, "1.50", ("GPU-b1",))
    assert first == {"device_requests": [CDI_REQUEST]}
    assert second["device_requests"][0]["DeviceIDs"] == ["GPU-b1"]


def test_cdi_devices_are_ids_without_the_name_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert docker_gpus.ids({"DiscoveredDevices": LISTED}) == ("0", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert docker_gpus.ids({"DiscoveredDevices": LISTED}) == ("1",)


def test_the_id_of_a_gpu_is_its_uuid_where_that_is_told(two: Pretend) -> None:
    two(uuids=2)
    assert gpus.ids() == ("GPU-a0", "GPU-b1") and gpus.indexes() == {"GPU-a0": "0", "GPU-b1": "1"}
    assert gpus.names(["GPU-b1", "GPU-c2"]) == ["Pretended", "GPU-c2"]
    two(uuids=0)
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
    two: Pretend, monkeypatch: pytest.MonkeyPatch, stated: str, seen: tuple[str, ...]
) -> None:
    two(uuids=2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", stated)
    assert gpus.ids() == seen


def test_without_gpus_a_stated_one_is_not_there(
    two: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,GPU-b1")
    assert gpus.ids() == ()


@pytest.mark.parametrize(
    ("unknown", "row", "gpu"),
    [
        ("", "0, Tesla T4, 535.104.05, 7.5, [N/A]", Gpu(0, T4, 7.5, (535, 104, 5))),
        ("mig.mode.current", "0, Tesla T4, 510.39, 7.5", Gpu(0, T4, 7.5, (510, 39))),
        ("mig.mode.current compute_cap", "0, Tesla T4, 418.39", Gpu(0, T4, 7.5, (418, 39))),
        ("compute_cap", f"0, {A100}, 450.80.02, Enabled", Gpu(0, A100, 8.0, (450, 80, 2), True)),
        ("compute_cap", "3, Graphics Device, 450.80.02, [N/A]", Gpu(3, "Graphics Device", None, (450, 80, 2))),
        ("", "0, [Unknown Error], [N/A], [N/A], [N/A]", Gpu(0, "[Unknown Error]", None, ())),
        ("", "0, Tesla V100-SXM2-16GB, 580.1, [Not Supported], [N/A]", Gpu(0, "Tesla V100-SXM2-16GB", 7.0, (580, 1))),
    ],
)
def test_whatever_a_driver_does_not_tell_is_not_told(smi: Pretend, unknown: str, row: str, gpu: Gpu) -> None:
    smi(WITHOUT.replace("{unknown}", unknown).replace("{rows}", row))
    assert gpus.read() == ([gpu], "")


def test_a_gpu_that_is_lost_does_not_hide_the_others(smi: Pretend) -> None:
    lost = "Unable to determine the device handle for GPU 0000:0A:00.0: GPU is lost.  Reboot the system"
    rows = f"*uuid*) echo '1, GPU-b1' ;; *) echo '1, {T4}, 535.1, 7.5, [N/A]'"
    smi(f"case $1 in {rows} ;; esac; echo '{lost}'; exit 15")
    assert gpus.read() == ([Gpu(1, T4, 7.5, (535, 1))], " ".join(lost.split()))
    assert gpus.ids() == ("GPU-b1",)


@pytest.mark.parametrize("status", [0, 6])
def test_a_driver_without_devices_is_no_failure(smi: Pretend, status: int) -> None:
    smi(f"echo No devices were found; exit {status}")
    assert gpus.read()[0] == [] and gpus.ids() == ()


@pytest.mark.parametrize(
    ("name", "capability"),
    [
        ("Tesla K80", 3.7), ("Tesla K40m", 3.5), ("GeForce GTX 680", 3.0), ("GeForce GTX TITAN Black", 3.5),
        ("GeForce GTX TITAN X", 5.2), ("GeForce GTX 750 Ti", 5.0), ("GeForce GTX 980 Ti", 5.2), ("Tesla M60", 5.2),
        ("Tesla P100-PCIE-16GB", 6.0), ("GeForce GTX 1080 Ti", 6.1), ("TITAN Xp", 6.1), ("Quadro P6000", 6.1),
        ("Tesla P40", 6.1), ("TITAN V", 7.0), ("Tesla V100-SXM2-32GB", 7.0), ("GeForce RTX 2080 Ti", 7.5),
        ("GeForce GTX 1660", 7.5), ("Quadro RTX 6000", 7.5), ("A100-SXM4-80GB", 8.0), ("GeForce RTX 3090", 8.6),
        ("RTX A6000", 8.6), ("A40", 8.6), ("NVIDIA A10G", 8.6), ("Tesla M2090", 2.0), ("Quadro K6000", 3.5),
        ("Quadro M4000", 5.2), ("NVIDIA H100 80GB HBM3", None), ("Some Card", None),
        ("GeForce GTX 960", 5.2), ("GeForce GTX 960M", 5.0), ("GeForce GTX 970M", 5.2), ("GeForce 940MX", 5.0),
        ("GeForce GTX 780", 3.5), ("GeForce GTX 780M", 3.0), ("GeForce GT 710", 3.5), ("GeForce GT 640", 3.0),
        ("Quadro M2000", 5.2), ("Quadro M2000M", 5.0), ("GeForce MX130", 5.0), ("GeForce MX250", 6.1),
        ("GeForce MX450", 7.5), ("GRID V100D-8Q", 7.0), ("GRID P40-24Q", 6.1), ("GRID M60-8Q", 5.2),
        ("GRID T4-16C", 7.5), ("GRID RTX8000-48Q", 7.5), ("NVIDIA A40-48Q", 8.6), ("NVIDIA RTXA6000-48Q", 8.6),
    ],
)  # fmt: skip
def test_cards_are_known_by_their_names(name: str, capability: float | None) -> None:
    assert cards.capability(name) == capability


def test_an_nvidia_smi_that_hangs_is_told(smi: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_PATIENCE_SECONDS", 0.2)
    smi("exec sleep 60")
    with pytest.raises(gpus.DriverFailure, match="no answer within 0.2 s"):
        gpus.read()
    assert gpus.ids() == ()


def test_several_gpus_are_read(smi: Pretend) -> None:
    smi(f"printf '0, {A100}, 535.104.05, 8.0, Disabled\\n1, {T4}, 535.104.05, 7.5, [N/A]\\n'")
    assert gpus.read() == ([Gpu(0, A100, 8.0, (535, 104, 5)), Gpu(1, T4, 7.5, (535, 104, 5))], "")


def test_an_nvidia_smi_that_fails_is_told(smi: Pretend) -> None:
    smi("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    with pytest.raises(gpus.DriverFailure, match="Failed to initialize NVML"):
        gpus.read()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('could not select device driver "" with capabilities: [[gpu]]', "nvidia-container-toolkit"),
        ("nvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.4, please update", "newer driver"),
        ("Failed to initialize NVML: Unknown Error", "reboot"),
        ("'cuModuleLoadData(&module, data)' failed with 'CUDA_ERROR_UNSUPPORTED_PTX_VERSION'", "install a newer one"),
        ("write /out/images.npy: No space left on device", "disk is full"),
    ],
)
def test_what_people_run_into_has_its_mend(message: str, words: str) -> None:
    assert words in mends.explain(message)


def test_what_is_not_known_is_left_as_it_is() -> None:
    assert mends.explain("something\n else") == "something else"
