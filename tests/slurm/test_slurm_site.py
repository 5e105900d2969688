"""site.yaml, what it asks for, and how an image is started. No Slurm is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration import leases
from orchestration.engines import slurm_runtime, slurm_site
from orchestration.engines.slurm_folder import Folder
from orchestration.engines.slurm_runtime import Start
from orchestration.errors import UserError
from orchestration.stage import Resources, Stage

TRAIN = Stage("SNGAN/train", "sngan", "cuda", (), Resources(gpus=1, cores=4, memory=6 << 30))
SITE = """
partition: short
account: lab
time: "12:00:00"
stages:
  train: {partition: gpu, gpu: gpu:a100, time: 2-00:00:00, words: [--constraint=nvlink]}
"""


def options(text: str, stage: Stage) -> set[str]:
    Path("site.yaml").write_text(text)
    return set(slurm_site.read().options(stage))


def test_without_a_file_a_job_asks_for_what_its_stage_needs() -> None:
    asked = set(slurm_site.read().options(TRAIN))
    assert {"--gres=gpu:1", "--cpus-per-task=4", "--mem=6144M", "--time=1-00:00:00", "--signal=B:USR1@120"} <= asked
    assert not any(word.startswith(("--partition", "--account")) for word in asked)


def test_a_kind_of_stage_may_ask_otherwise() -> None:
    train, report = options(SITE, TRAIN), options(SITE, replace(TRAIN, name="report", resources=Resources(0, 1, 1)))
    assert {"--partition=gpu", "--account=lab", "--gres=gpu:a100:1", "--time=2-00:00:00"} <= train
    assert "--constraint=nvlink" in train
    assert {"--partition=short", "--account=lab", "--time=12:00:00", "--mem=1M"} <= report
    assert not any(word.startswith(("--gres", "--constraint")) for word in report)


def test_shards_ask_for_what_the_whole_would(folder: Path) -> None:
    site = "stages:\n  generate: {partition: gpu}\n  data: {partition: disk}\n"
    whole = replace(TRAIN, name="SNGAN/generate")
    assert "--partition=gpu" in options(site, whole) & options(site, replace(whole, name="SNGAN/generate-2of13"))
    assert "--partition=disk" in options(site, replace(whole, stands_for=whole))


@pytest.mark.parametrize(("text", "complaint"), [
    ("partitoin: gpu\n", "site.yaml:1: partitoin: there is no such key; the keys here are partition, account"),
    ("account: lab\nstages:\n  train: {gpus: 2}\n", "site.yaml:3: stages.train.gpus: there is no such key"),
    ("time: 12:00:00\n", "another number in YAML"),
    ("time: '1 day'\n", "site.yaml:1: time: expected a time as sbatch takes it"),
    ("time: '2'\n", "time: 2 leaves nothing for work: a job is told to save 120 s"),
    ("words: [--mem=4G]\n", "site.yaml:1: words.0: this option is set for every job"),
    ("runtime: docker\n", "site.yaml:1: runtime: "),
    ("", "the file is empty"),
])
def test_what_is_wrong_with_a_site_is_told_with_its_line(text: str, complaint: str) -> None:
    Path("site.yaml").write_text(text)
    with pytest.raises(UserError) as told:
        slurm_site.read()
    assert complaint in str(told.value)


@pytest.mark.parametrize(("time", "seconds"), [
    ("30", 1800), ("2:30", 150), ("1:00:00", 3600), ("2-12", 216000), ("1-00:30", 88200), ("1-0:0:5", 86405)])
def test_times_are_read_as_sbatch_reads_them(time: str, seconds: int) -> None:
    assert slurm_site._seconds(time) == seconds


def test_apptainer_is_asked_for_no_network_nothing_of_the_host_and_gpus(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    start = Start(root=Path("/image"), folder="/", words=("train",), variables={"A": "0,1"}, out=Path("/written"),
                  shown={"/in/data": Path("/"), "/in/a/file": tmp_path / "file"}, scratch=tmp_path, gpus=True)
    words = slurm_runtime.command("apptainer", "/usr/bin/apptainer", start)
    assert words[-3:] == ["/", "/image", "train"] and "--nv" in words
    assert {"--containall", "--no-home", "--cleanenv", "none", "/:/in/data:ro", "/written:/out"} <= set(words)
    assert (tmp_path / "in/data").is_dir() and (tmp_path / "in/a/file").is_file()
    assert slurm_runtime.environment("apptainer", "/usr/bin/apptainer", {"A": "0,1"}) == {"APPTAINERENV_A": "0,1"}


def test_charliecloud_is_given_what_a_stage_may_not_write_apart(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    start = Start(root=Path("/image"), folder="/", words=("train",), variables={"A": "0,1"}, out=Path("/written"),
                  shown={"/in/data": Path("/"), "/config.json": tmp_path / "file"}, scratch=tmp_path, gpus=False)
    words = slurm_runtime.command("charliecloud", "/usr/bin/ch-run", start)
    shown, started = words[:words.index("--")], words[words.index("--") + 1:]
    assert shown[3:] == ["/", f"{tmp_path}/in/data", f"{tmp_path}/file", f"{tmp_path}/config.json"]
    assert started[0] == "/usr/bin/ch-run" and started[-3:] == ["/image", "--", "train"]
    assert {f"--bind={tmp_path}/in:/in", "--bind=/written:/out", "--set-env=A=0,1"} <= set(started)
    assert f"--bind={tmp_path}/config.json:/config.json" in started


def test_what_an_attempt_wrote_goes_to_the_next_one(tmp_path: Path) -> None:
    (tmp_path / ".run").mkdir()
    partial, folder = tmp_path / "key.partial", Folder(tmp_path, "key")
    partial.mkdir()
    (partial / "checkpoint").write_text("1")
    folder.cancel()
    folder.make({}, partial)
    assert not folder.cancelled(), "there was nothing to cancel"
    first = folder.take_over()
    folder.end(first, {"status": 143})
    second = folder.take_over()
    (folder.out(second) / "checkpoint").write_text("2")
    living = (folder.out(second) / "checkpoint").open("w")
    living.write("2")
    living.flush()
    third = folder.take_over()  # the second one did not end: it may be alive, and write
    with living:
        living.write("late")
    assert (folder.out(third) / "checkpoint").read_text() == "2" and folder.ended() is None
    assert not folder.out(first).exists() and not folder.out(second).exists()
    folder.cancel()
    assert folder.cancelled()
    folder.make({}, partial)
    assert not folder.cancelled(), "it was submitted again"
    folder.end(third, {"status": 1})
    folder.bring_home(partial)
    assert (partial / "checkpoint").read_text() == "2" and not folder.path.exists()


def test_an_attempt_that_died_while_it_took_over_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".run").mkdir()
    partial, folder = tmp_path / "key.partial", Folder(tmp_path, "key")
    partial.mkdir()
    (partial / "checkpoint").write_text("1")
    folder.make({}, partial)
    for name in ("pathlib.Path.replace", "shutil.rmtree"):
        folder.take_over()  # and does not end: what it wrote is copied, and then renamed, and the copied removed
        with monkeypatch.context() as patch, pytest.raises(OSError, match="died"):
            patch.setattr(name, _die)
            folder.take_over()
    last = folder.take_over()
    assert (folder.out(last) / "checkpoint").read_text() == "1"


def test_what_is_written_is_not_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".run").mkdir()
    partial, folder = tmp_path / "key.partial", Folder(tmp_path, "key")
    partial.mkdir()
    folder.make({}, partial)
    with leases.attempt(folder.writer):
        folder.bring_home(partial)
        assert folder.path.exists()
    folder.bring_home(partial)
    assert not folder.path.exists() and partial.is_dir()


def _die(*_: object, **__: object) -> None:
    raise OSError("died")
