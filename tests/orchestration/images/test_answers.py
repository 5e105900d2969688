"""What images answer to the verb settings: ours without being built, others once."""

import json

import pytest

from orchestration import images
from orchestration.images import answers

SAID = {"train": {"type": "object", "properties": {"steps": {"type": "integer"}}}}


@pytest.fixture(autouse=True)
def kept(tmp_path, monkeypatch):
    """The folder of answers, empty."""
    folder = tmp_path / "settings"
    monkeypatch.setattr(answers, "_KEPT", folder)
    return folder


@pytest.mark.parametrize("name", images.names())
def test_every_image_of_ours_says_what_it_takes_and_nothing_has_to_be_built(name, kept):
    said = answers.of_ours(name)
    assert said is not None and answers.of_ours(name) == said and len(list(kept.iterdir())) == 1
    for schema in said.values():
        assert schema["additionalProperties"] is False
        for setting, told in schema["properties"].items():
            assert told["type"] and "default" in told and told.get("description"), setting
    if name not in ("analysis", "perception"):
        assert "photos" in said if name == "real" else "train" in said


class Stranger:
    """An image made elsewhere, which counts how often it is asked."""

    def __init__(self, status, output):
        self.answer, self.asked = (status, output), 0

    def __call__(self, image_id, verb):
        assert (image_id, verb) == ("sha256:1", "settings")
        self.asked += 1
        return self.answer


@pytest.mark.parametrize(("status", "output", "said", "asked"), [
    (0, json.dumps(SAID).encode(), SAID, 1),
    (2, b"", None, 1),         # it has no such verb
    (0, b"Welcome!", None, 1),
    (0, b"[" * 100_000, None, 1),
    (0, b'{"train": 3}', None, 1),
    (0, b"\xff\xfe", None, 1),
    (125, b"", None, 2),       # no answer today
    (1, b"{}", None, 2)])      # a crash
def test_a_stranger_is_asked_once_if_it_answers(status, output, said, asked):
    stranger = Stranger(status, output)
    assert answers.of_another("sha256:1", stranger) == said
    assert answers.of_another("sha256:1", stranger) == said
    assert stranger.asked == asked


def test_an_answer_that_was_cut_off_is_asked_for_again(kept):
    stranger = Stranger(0, json.dumps(SAID).encode())
    answers.of_another("sha256:1", stranger)
    (file,) = kept.iterdir()
    file.write_text("")
    assert answers.of_another("sha256:1", stranger) == SAID and stranger.asked == 2
    assert json.loads(file.read_text()) == SAID


def test_where_nothing_can_be_kept_it_is_asked_each_time(kept):
    kept.write_text("a file")
    stranger = Stranger(0, json.dumps(SAID).encode())
    assert answers.of_another("sha256:1", stranger) == answers.of_another("sha256:1", stranger) == SAID
    assert stranger.asked == 2
