"""Where a report goes: checked before a run begins, and written again if its note was cut off."""

import json
import shutil
from pathlib import Path

import pytest

from commands import outcome
from orchestration.errors import UserError
from orchestration.stage import Plan
from orchestration.store import Store
from tests.orchestration.detached_engine import stage, with_keys


def test_a_place_that_can_be_made_is_made(tmp_path: Path) -> None:
    outcome.check_place(Store(tmp_path / "store"), "s")
    outcome.check_place(Store(tmp_path / "store"), "s")
    assert (tmp_path / "runs/s").is_dir()


@pytest.mark.parametrize("spoil", [
    lambda folder: (folder / "runs").write_text("a file"),
    lambda folder: ((folder / "runs").mkdir(), (folder / "runs/s").symlink_to("/nowhere")),
    lambda folder: (folder / "runs").symlink_to("/proc/1")])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    spoil(tmp_path)
    with pytest.raises(UserError, match=rf"{tmp_path}/runs/s: .*; the report of a study goes to .* with --store"):
        outcome.check_place(Store(tmp_path / "store"), "s")


@pytest.mark.parametrize("spoil", [
    lambda folder: (folder / "run.json").write_text(""), lambda folder: (folder / "run.json").write_text("{"),
    lambda folder: (folder / "run.json").write_text("[]"), lambda folder: (folder / "run.json").unlink(),
    lambda folder: (folder / "report/results.json").unlink(), lambda folder: shutil.rmtree(folder / "report")])
def test_what_was_cut_off_or_taken_away_is_written_again(tmp_path: Path, spoil) -> None:  # type: ignore[no-untyped-def]
    store, wanted = Store(tmp_path / "store"), with_keys(stage("report", "true"))
    made = type(wanted)(Plan("s", wanted.plan.stages, {"report": "report"}), *list(vars(wanted).values())[1:])
    folder = store.folder(made.keys["report"])
    folder.mkdir(parents=True)
    (folder / "results.json").write_text(json.dumps({"experiments": {"existence": {"headline": "all"}}}))
    said: list[str] = []
    outcome.deliver(made, store, said.append)
    note, results = tmp_path / "runs/s/run.json", tmp_path / "runs/s/report/results.json"
    whole = note.read_text(), results.read_text()
    spoil(tmp_path / "runs/s")
    outcome.deliver(made, store, said.append)
    assert (note.read_text(), results.read_text()) == whole and said[0] == said[2] == "existence: all"
