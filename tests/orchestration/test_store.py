"""Keys, finished stages, locks and hashes of data files."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from orchestration.identity import Identified, identify

from orchestration.data import Hashes, problems
from orchestration.errors import UserError
from orchestration.stage import Plan, Resources, Stage
from orchestration.store import Store

WISH = Resources(gpus=0, cores=1, memory=1 << 30)
REAL = Stage("real", "real", "cpu", ("split", "--out", "{out}"), WISH, files={"zip": "/data/celeba.zip"})
TRAIN = Stage(
    "A/train", "progan", "cpu", ("train", "--seed", "0", "--out", "{out}"), WISH, {"batch": 4}, {"images": "real"}
)
FAKES = Stage("A/fakes", "progan", "cpu", ("generate", "--out", "{out}"), WISH, inputs={"model": "A/train"})
OTHER = Stage("B/train", "sngan", "cpu", ("train", "--out", "{out}"), WISH, inputs={"images": "real"})


def study(*stages: Stage, content: str = "c", sha256: str = "f") -> Identified:
    plan = Plan("study", stages or (REAL, TRAIN, FAKES, OTHER), {})
    return identify(plan, lambda image, flavour: f"{content} {image}", lambda path: sha256)


def changed(other: Identified) -> set[str]:
    """The stages whose key differs from that of the unchanged study."""
    return {name for name, key in study().keys.items() if other.keys[name] != key}


def test_a_key_is_known() -> None:
    stage = Stage("a", "image", "cpu", ("do", "{out}"), WISH)
    assert study(stage).keys == {"a": "b9e76e8256f7e27381f7d47105c7ec5194b4f3adacc04eddf728299306aaca3e"}


def test_changing_a_seed_changes_what_hangs_on_it() -> None:
    seeded = replace(TRAIN, command=("train", "--seed", "1", "--out", "{out}"))
    assert changed(study(REAL, seeded, FAKES, OTHER)) == {"A/train", "A/fakes"}


def test_changing_a_setting_changes_what_hangs_on_it() -> None:
    assert changed(study(REAL, replace(TRAIN, config={"batch": 8}), FAKES, OTHER)) == {"A/train", "A/fakes"}


def test_changing_data_or_images_changes_everything() -> None:
    everything = {"real", "A/train", "A/fakes", "B/train"}
    assert changed(study(sha256="g")) == everything
    assert changed(study(content="d")) == everything


def test_names_paths_and_resources_are_no_part_of_a_key() -> None:
    moved = replace(REAL, files={"zip": "/elsewhere/celeba.zip"}, resources=Resources(0, 8, 1))
    assert changed(study(moved, TRAIN, FAKES, OTHER)) == set()
    renamed = study(replace(REAL, name="photos"), replace(OTHER, name="Z", inputs={"images": "photos"}))
    assert renamed.keys["Z"] == study().keys["B/train"]


def test_a_record_says_all_that_is_needed_to_run_a_stage_again() -> None:
    record = study().record(TRAIN)
    assert record == {
        "name": "A/train", "image": "progan", "content": "c progan", "flavour": "cpu",
        "command": ["train", "--seed", "0", "--out", "{out}"], "config": {"batch": 4},
        "inputs": {"images": study().keys["real"]}, "files": {},
        "resources": {"gpus": 0, "cores": 1, "memory": 1 << 30},
    }  # fmt: skip
    assert study().record(REAL)["files"] == {"zip": {"path": "/data/celeba.zip", "sha256": "f"}}


def test_a_stage_is_finished_when_it_was_renamed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert not store.finished("k")
    config = store.begin("k", {"batch": 4})
    (store.partial("k") / "stage.log").write_text("hello")
    assert config.read_text() == '{\n "batch": 4\n}\n' and not store.finished("k")
    store.finish("k", {"name": "A"})
    assert store.finished("k") and not store.partial("k").exists() and not config.exists()
    assert store.record("k") == {"format": 1, "key": "k", "name": "A"}
    assert store.log("k").read_text() == "hello"


def test_beginning_again_keeps_what_was_made(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.begin("k", {})
    (store.partial("k") / "checkpoint").touch()
    store.begin("k", {})
    assert (store.partial("k") / "checkpoint").exists()


def test_a_stage_has_one_lease(tmp_path: Path) -> None:
    one, other = Store(tmp_path), Store(tmp_path)
    with one.lease("k") as first, other.lease("k") as second, other.lease("l") as third:
        assert first is not None and second is None and third is not None
        assert not other.is_free("k")
    with other.lease("k") as again:
        assert again is not None
    assert other.is_free("k")


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.store.LEAST_FREE_BYTES", 1 << 60)
    with pytest.raises(UserError, match=f"{tmp_path}.*--store"):
        Store(tmp_path).require_space()


def test_a_file_is_read_once(tmp_path: Path) -> None:
    file, read = tmp_path / "file", []
    file.write_text("content")
    sha256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
    assert [Hashes(Store(tmp_path / "store"), read.append)(str(file)) for _ in range(2)] == [sha256, sha256]
    assert read == [file]


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    file, store = tmp_path / "file", Store(tmp_path / "store")
    file.write_text("content")
    before = Hashes(store, lambda path: None)(str(file))
    file.write_text("CONTENT")
    os.utime(file, ns=(1, 1))
    assert Hashes(store, lambda path: None)(str(file)) != before


def test_the_hash_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "file").write_text("content")
    hashes = Hashes(Store(tmp_path / "store"), lambda path: None)
    assert hashes(str(tmp_path / "one")) == hashes(str(tmp_path / "two"))
    (tmp_path / "two" / "sub" / "file").rename(tmp_path / "two" / "file")
    assert hashes(str(tmp_path / "one")) != hashes(str(tmp_path / "two"))


def problem(tmp_path: Path, word: str, name: str) -> str | None:
    """What is wrong with a file below tmp_path that a stage names in its command."""
    stage = replace(REAL, command=("import", word), files={"given": str(tmp_path)})
    return problems(Plan("study", (stage,), {})).get(str(tmp_path / name))


def test_data_that_is_missing_is_named_with_its_place(tmp_path: Path) -> None:
    text = problem(tmp_path, "{in}/given/celeba.zip", "celeba.zip")
    assert text == f"is not there, and the stage real needs it; put it at {tmp_path}/celeba.zip"


def test_data_that_is_there_is_no_problem(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "celeba.zip", "w") as archive:
        archive.writestr("file", "content")
    assert problem(tmp_path, "{in}/given/celeba.zip", "celeba.zip") is None


def test_a_checkpoint_may_be_several_files_with_a_common_beginning(tmp_path: Path) -> None:
    assert problem(tmp_path, "{in}/given/model-1000", "model-1000") is not None
    (tmp_path / "model-1000.index").touch()
    assert problem(tmp_path, "{in}/given/model-1000", "model-1000") is None


@pytest.mark.parametrize("content", [b"<html>Quota exceeded</html>", b"PK\x03\x04 cut off"])
def test_a_zip_that_is_none_is_found_before_anything_runs(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "celeba.zip").write_bytes(content)
    assert "no whole zip archive" in str(problem(tmp_path, "{in}/given/celeba.zip", "celeba.zip"))
