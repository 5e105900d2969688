"""orchestrate.py attribute: which model is asked, and how its answer is told."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from commands import asking, attribute
from datasets import pictures
from orchestration.errors import UserError
from sources.contract import imagesets

SAID = {"label": "ProGAN", "probability": 0.63}


def row(resized: bool, lossy: bool) -> dict[str, bool]:
    return {"resized": resized, "lossy": lossy}


@pytest.mark.parametrize(("rows", "words"), [
    ([row(False, False)], ""),
    ([row(True, False), row(True, True)],
     "pictures whose fingerprints may be gone: 2 of 2 were resized, 1 of 2 are JPEG files"),
    ([row(False, True)], "pictures whose fingerprints may be gone: 1 of 1 are JPEG files")])
def test_a_doubt_is_told(rows: list[dict[str, bool]], words: str) -> None:
    assert attribute._caution(rows) == words


def test_what_a_picture_went_through_is_seen(tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "a.png")
    Image.new("RGB", (40, 30)).save(tmp_path / "b.jpg")
    assert pictures.doubts(tmp_path / "a.png", 32) == row(False, False)
    assert pictures.doubts(tmp_path / "a.png", 64) == row(True, False)
    assert pictures.doubts(tmp_path / "b.jpg", 30) == row(True, True)


def test_a_model_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"architecture": "ProGAN", "resolution": 32}')
    with pytest.raises(UserError, match="a ProGAN, where a classifier or a visnet is expected"):
        asking.described(tmp_path, "model")


@pytest.mark.parametrize(("text", "said"), [
    ("[" * 100_000, "no model here"), ('{"resolution": 1e999}', "no model here"), ("[]", "no model here"),
    ('{"architecture": "classifier", "resolution": 100000000}', "of 100000000 pixels; 4 to 1024 are possible")])
def test_a_model_that_nobody_vouches_for_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(UserError, match=said):
        asking.described(tmp_path, "model")


def test_a_label_of_a_model_makes_no_terminal_do_anything() -> None:
    assert attribute._told({"label": "\x1b]0;x\x07", "probability": 0.5}) == r"\x1b]0;x\x07 (50.0%)"


def test_a_study_is_found_beside_its_store(tmp_path: Path) -> None:
    (tmp_path / "runs/far").mkdir(parents=True)
    note = {"results": {"model": "classifier/train"}, "stages": {"classifier/train": "abc"}}
    (tmp_path / "runs/far/run.json").write_text(json.dumps(note))
    (tmp_path / "store/abc").mkdir(parents=True)
    assert asking.of_study("far", "model", tmp_path / "store") == tmp_path / "store/abc"
    with pytest.raises(UserError, match="trains a visualisation network on every source"):
        asking.of_study("far", "fingerprints", tmp_path / "store")


def test_a_store_that_was_moved_and_a_note_that_was_cut_off_are_named(tmp_path: Path) -> None:
    (tmp_path / "runs/far").mkdir(parents=True)
    note = tmp_path / "runs/far/run.json"
    note.write_text(json.dumps({"results": {"model": "classifier/train"}, "stages": {"classifier/train": "abc"}}))
    with pytest.raises(UserError, match=r"no longer in .*store: the store was moved, .* --store, or make it again"):
        asking.of_study("far", "model", tmp_path / "store")
    for text in ("", "[1]", "{}", '{"results": 1, "stages": {}}'):
        note.write_text(text)
        with pytest.raises(UserError, match=r"run.json: cut off .* `orchestrate.py run` .* writes it anew"):
            asking.of_study("far", "model", tmp_path / "store")


def test_a_folder_that_grows_meanwhile_is_answered_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GAN may be writing into it."""
    (tmp_path / "fakes").mkdir()
    for name in "bc":
        Image.new("RGB", (32, 32)).save(tmp_path / f"fakes/{name}.png")
    (tmp_path / "model.json").write_text('{"architecture": "classifier", "resolution": 32}')

    def ask(model: asking.Model, scratch: Path, *others: object) -> asking.Answer:
        for name in "ad":
            Image.new("RGB", (32, 32)).save(tmp_path / f"fakes/{name}.png")
        count = len(imagesets.read(str(scratch / "images")).images)
        return asking.Answer([{"label": str(number), "probability": 1.0} for number in range(count)], None)

    monkeypatch.setattr(asking, "ask", ask)
    told = CliRunner().invoke(attribute.command, [str(tmp_path / "fakes"), "--model", str(tmp_path), "--json"])
    rows = json.loads(told.stdout)
    assert [(Path(row["file"]).name, row["label"]) for row in rows] == [("b.png", "0"), ("c.png", "1")]


@pytest.mark.parametrize(("known", "words"), [
    ({"known": False}, "none of these (nearest: ProGAN, 63.0%)"),
    ({"known": True}, "ProGAN (63.0%)"),
    ({}, "ProGAN (63.0%)")])  # a model that was published has no threshold
def test_a_picture_may_be_of_none_of_the_sources(known: dict[str, bool], words: str) -> None:
    assert attribute._told({**SAID, **known}) == words
