"""The one check of what a published checkpoint holds, and the model that is written of it."""

import collections

import numpy as np
import pytest

from sources.contract import importing, models
from sources.contract.errors import BadInput

Arguments = collections.namedtuple("Arguments", "checkpoint out resolution")
SHAPES = {"w": (2, 3), "N": ()}


def whole():
    """What fits SHAPES."""
    return {"w": np.arange(6.0).reshape(2, 3).astype(np.float32), "N": np.array(7)}


def refusal(**changes):
    """What is said of a checkpoint with these changes; None takes an array away."""
    found = dict(
        (name, value) for name, value in dict(whole(), **changes).items() if value is not None
    )
    with pytest.raises(BadInput) as caught:
        importing.check("file", found, SHAPES, ["N"])
    return str(caught.value)


def test_what_fits_comes_back():
    checked = importing.check("file", whole(), SHAPES, ["N"])
    assert sorted(checked) == ["N", "w"]
    np.testing.assert_array_equal(checked["w"], whole()["w"])
    assert checked["N"] == 7 and checked["N"].dtype.kind == "i"


def test_a_count_that_was_written_as_another_number_is_a_whole_one_again():
    for number in (np.array(7.0, np.float32), np.array(7, np.uint8), np.float64(7)):
        checked = importing.check("file", dict(whole(), N=number), SHAPES, ["N"])["N"]
        assert checked == 7 and checked.dtype == np.int64


def test_another_byte_order_becomes_the_machines_own():
    swapped = dict(whole(), w=whole()["w"].astype(">f4"))
    checked = importing.check("file", swapped, SHAPES, ["N"])["w"]
    assert checked.dtype.isnative
    np.testing.assert_array_equal(checked, whole()["w"])


@pytest.mark.parametrize(
    "changes,said",
    [
        ({"w": None}, "file: the variable w is missing"),
        ({"x": np.zeros(1, np.float32)}, "file: the variable 'x' belongs to no network"),
        (
            {"w": np.zeros((3, 2), np.float32)},
            "w is float32 (3, 2), where float32 (2, 3) is expected",
        ),
        ({"w": np.zeros((2, 3))}, "w is float64 (2, 3), where float32 (2, 3) is expected"),
        ({"w": np.full((2, 3), np.nan, np.float32)}, "w holds values that are not finite"),
        ({"w": np.full((2, 3), np.inf, np.float32)}, "w holds values that are not finite"),
        ({"w": [0.0] * 6}, "w is a list, where float32 (2, 3) is expected"),
        ({"N": np.array("7")}, "where a number () is expected"),
        ({"N": np.zeros(1, int)}, "N is int64 (1,)"),
        ({"N": np.array(0.5, np.float32)}, "N holds 0.5, where a count is expected"),
        ({"N": np.array(-1)}, "N holds -1, where a count is expected"),
        ({"N": np.array(1e30)}, "N holds 1e+30, where a count is expected"),
    ],
)
def test_what_does_not_fit_is_named(changes, said):
    assert said in refusal(**changes)


def test_a_name_that_would_write_to_the_terminal_is_shown_harmlessly():
    assert "\x1b" not in refusal(**{"\x1b[2J": np.zeros(1, np.float32)})


def write(out, resolution):
    importing.write(
        Arguments("file", str(out), resolution), {"file": "file"}, 32, "Test", weights={}, block=2
    )


@pytest.mark.parametrize("resolution", [None, 32])
def test_a_model_of_the_resolution_that_is_asked_for(tmpdir, capsys, resolution):
    write(tmpdir, resolution)
    description, _ = models.read(str(tmpdir), "Test")
    assert (description["resolution"], description["training"], description["block"]) == (
        32,
        None,
        2,
    )
    assert (
        description["source"]["checkpoint"] == {"file": "file"}
        and '"done"' in capsys.readouterr().out
    )


def test_a_model_of_another_resolution_is_refused_and_not_written(tmpdir):
    with pytest.raises(BadInput) as caught:
        write(tmpdir.join("out"), 64)
    assert "is for images of 32 pixels, the study has 64" in str(caught.value)
    assert not tmpdir.join("out").check()
