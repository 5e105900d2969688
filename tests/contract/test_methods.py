"""What attribution methods share: the sets they read, the answers they write."""

import json
import os
from argparse import Namespace

import numpy as np
import pytest

from sources.contract import imagesets, methods
from sources.contract.errors import BadInput

MODEL = {"labels": ["a", "b"], "resolution": 8, "weights_sha256": "0123"}


def image_set(folder, count, resolution=8):
    """A set of `count` images, image i all of value i; its folder."""
    with imagesets.Writer(str(folder), count, resolution) as writer:
        writer.append(np.ones((count, resolution, resolution, 3), np.uint8)
                      * np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1))
        writer.finish("test", {"architecture": "none"}, {})
    return str(folder)


def values(rows):
    return [part[:, 0, 0, 0].tolist() for part in rows]


def answered(folder, outputs, model=MODEL):
    """The content of attribution.json about two sets of two rows, after these outputs."""
    sets = methods.Sets([(name, image_set(folder / name, 3)) for name in ("one", "two")], 1, None)
    methods.answer(str(folder / "out"), sets, model, outputs, numpy=np.__version__)
    return json.loads((folder / "out" / "attribution.json").read_text())


def test_the_same_rows_of_every_set(tmp_path):
    sets = methods.Sets([("b", image_set(tmp_path / "b", 9)), ("a", image_set(tmp_path / "a", 7))],
                        2, 3)
    assert sets.names == ["b", "a"] and sets.resolution == 8
    assert values(sets.rows) == [[2, 3, 4], [2, 3, 4]]
    assert [(entry["name"], entry["first"], entry["count"]) for entry in sets.index] == [
        ("b", 2, 3), ("a", 2, 3)]
    assert sets.source == {"sets": {"a": {"architecture": "none"}, "b": {"architecture": "none"}}}


def test_without_a_count_all_rows_from_the_first(tmp_path):
    sets = methods.Sets([("b", image_set(tmp_path / "b", 4)), ("a", image_set(tmp_path / "a", 3))],
                        2, None)
    assert values(sets.rows) == [[2, 3], [2]]
    assert [entry["count"] for entry in sets.index] == [2, 1]


def test_training_sees_no_rows_for_tests(tmp_path):
    folder = image_set(tmp_path / "a", 9)
    sets = methods.TrainingSets(Namespace(images=[("a", folder)], train=4, validation=2))
    assert values(sets.train) == [[0, 1, 2, 3]] and values(sets.validation) == [[4, 5]]
    assert (sets.identity["train"], sets.identity["validation"]) == (4, 2)
    assert sets.identity["sets"][0]["sha256"] == imagesets.read(folder).index["sha256"]


@pytest.mark.parametrize("sets, first, count, words", [
    ([("a", 3), ("a", 3)], 0, None, "given twice"),
    ([("a", 3)], 2, 2, "a: has 3 images, 4 are needed"),
    ([("a", 3)], 3, None, "a: has 3 images, 4 are needed"),
])
def test_sets_that_do_not_fit(tmp_path, sets, first, count, words):
    folders = [(name, image_set(tmp_path / str(place), size))
               for place, (name, size) in enumerate(sets)]
    with pytest.raises(BadInput) as refused:
        methods.Sets(folders, first, count)
    assert words in str(refused.value)


def test_sets_of_different_resolutions(tmp_path):
    folders = [("a", image_set(tmp_path / "a", 2)), ("b", image_set(tmp_path / "b", 2, 16))]
    with pytest.raises(BadInput) as refused:
        methods.Sets(folders, 0, None)
    assert "a 8, b 16" in str(refused.value)
    with pytest.raises(BadInput) as refused:
        methods.Sets(folders[1:], 0, None).check_resolution(MODEL, "/model")
    assert "b: 16 pixels, but the model in /model takes 8" in str(refused.value)


def test_an_answer_grows_block_by_block(tmp_path):
    first = {"scores": np.array([[0, 0], [0, np.log(3)]], np.float32), "features": np.eye(2, 5)}
    second = {"scores": np.array([[1000, 0], [0, 1000]], np.float32), "features": np.eye(2, 5) + 1}
    found = answered(tmp_path, [first, second])
    assert found["predictions"] == [{"label": "a", "probability": 0.5},
                                    {"label": "b", "probability": 0.75},
                                    {"label": "a", "probability": 1.0},
                                    {"label": "b", "probability": 1.0}]
    assert found["labels"] == ["a", "b"] and found["model_sha256"] == "0123"
    for name in ("scores", "features"):
        written = np.load(str(tmp_path / "out" / (name + ".npy")))
        assert written.dtype == np.float32
        assert np.array_equal(
            written, np.concatenate([first[name], second[name]]).astype(np.float32))


def test_an_answer_says_of_every_image_whether_the_method_knows_such_ones(tmp_path):
    output = {"scores": np.zeros((4, 2), np.float32),
              "familiarity": np.array([-1, -3, -2, 0], np.float32)}
    found = answered(tmp_path, [output], dict(MODEL, unknown={"threshold": -2.0}))
    assert [one["known"] for one in found["predictions"]] == [True, False, True, True]
    assert np.load(str(tmp_path / "out" / "familiarity.npy")).tolist() == [-1, -3, -2, 0]


def test_half_an_answer_does_not_appear(tmp_path):
    def outputs():
        yield {"scores": np.zeros((2, 2), np.float32)}
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError):
        answered(tmp_path, outputs())
    assert not [name for name in os.listdir(str(tmp_path / "out")) if not name.endswith(".partial")]
