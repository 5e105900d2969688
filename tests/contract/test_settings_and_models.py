"""Settings that differ from the published ones; model directories; PNG files."""

import json
import struct
import zlib
from collections import namedtuple

import numpy as np
import pytest

from sources.contract import models, png, settings
from sources.contract.errors import BadInput
from sources.contract.settings import COUNT, POSITIVE, Each, OneOf, Range, change, check, read_config, schema

Settings = namedtuple("Settings", "width rate fused name levels")
PUBLISHED = Settings(64, 0.1, True, u"a", (1, 2))


class Told(namedtuple("Told", [
    "width",  # channels
    "rate",  # of learning: it is the same for
             # both networks
    "fused",
    "name",  # the name
    # and no more of it
    "levels",  # to choose from
])):
    """Settings with comments, as every room has them."""

    __slots__ = ()


def test_only_what_differs_is_changed():
    assert change(PUBLISHED, {"width": 8.0}).width == 8
    assert change(PUBLISHED, {"width": 8, "rate": 1}) == Settings(8, 1.0, True, "a", (1, 2))
    assert change(PUBLISHED, {}) == PUBLISHED


@pytest.mark.parametrize("differences,said", [
    ({"witdh": 8}, "did you mean width?"), ({"zzz": 8}, "the settings are width, rate"), ({"width": 8.5}, "found 8.5"),
    ({"width": None}, "found None"), ({"width": float("inf")}, "found inf"), ({"levels": [1, "x"]}, "found 'x'"),
    ({"width": True}, "found True"), ({"fused": 1}, "found 1"), ({"name": 3}, "found 3"), ({"levels": 3}, "found 3")])
def test_what_does_not_fit_is_refused_by_name(differences, said):
    with pytest.raises(BadInput) as caught:
        change(PUBLISHED, differences)
    assert said in str(caught.value)


RANGES = {"width": COUNT, "rate": Range(least=0, below=1)}


@pytest.mark.parametrize("name,value", [("width", 1), ("rate", 0.0), ("rate", 0.999)])
def test_numbers_at_the_ends_of_their_ranges(name, value):
    check(PUBLISHED._replace(**{name: value}), RANGES)


@pytest.mark.parametrize("name,value,said", [
    ("width", 0, "setting width: expected 1 or more, found 0"),
    ("rate", 1, "setting rate: expected 0 or more and less than 1, found 1"),
    ("rate", -0.5, "found -0.5"), ("rate", float("nan"), "found nan"),
    ("width", float("inf"), "found inf")])
def test_numbers_outside_their_ranges(name, value, said):
    with pytest.raises(BadInput) as caught:
        check(PUBLISHED._replace(**{name: value}), RANGES)
    assert said in str(caught.value)


def test_what_has_no_range_may_be_nought_but_not_negative_and_only_numbers_are_looked_at():
    check(PUBLISHED._replace(rate=0), {"fused": POSITIVE, "name": POSITIVE})
    with pytest.raises(BadInput) as caught:
        check(PUBLISHED._replace(rate=0), {"rate": POSITIVE})
    assert "expected a number above 0, found 0" in str(caught.value)
    with pytest.raises(BadInput) as caught:
        check(PUBLISHED._replace(width=-1), {})
    assert "expected 0 or more, found -1" in str(caught.value)


def test_choices_and_lists_are_held_to_theirs():
    allowed = {"name": OneOf(["a", "b"]), "levels": Each(COUNT), "width": OneOf([64])}
    check(PUBLISHED, allowed)
    for name, value, said in (("name", "c", "setting name: expected a or b, found 'c'"),
                              ("levels", (), "setting levels: expected a list of numbers, each 1 or more, found []"),
                              ("levels", (1, 0), "found [1, 0]"), ("width", 32, "expected 64, found 32")):
        with pytest.raises(BadInput) as caught:
            check(PUBLISHED._replace(**{name: value}), allowed)
        assert said in str(caught.value)


def test_the_schema_says_type_default_limits_and_the_comment_beside():
    allowed = {"width": COUNT, "rate": Range(least=0, below=1), "name": OneOf(["a", "b"]), "levels": Each(POSITIVE)}
    told = schema(Told(*PUBLISHED), allowed)
    assert told["additionalProperties"] is False and list(told["properties"]) == list(Told._fields)
    assert dict(told["properties"]) == {
        "width": {"type": "integer", "default": 64, "minimum": 1, "description": "channels"},
        "rate": {"type": "number", "default": 0.1, "minimum": 0, "exclusiveMaximum": 1,
                 "description": "of learning: it is the same for both networks"},
        "fused": {"type": "boolean", "default": True},
        "name": {"type": "string", "default": "a", "enum": ["a", "b"], "description": "the name"},
        "levels": {"type": "array", "default": (1, 2), "minItems": 1,
                   "items": {"type": "integer", "exclusiveMinimum": 0}, "description": "to choose from"}}
    assert schema(PUBLISHED, {})["properties"]["levels"]["items"] == {"type": "integer", "minimum": 0}


def test_schemas_are_printed_as_json(capsys):
    settings.show({"train": schema(PUBLISHED, {})})
    assert json.loads(capsys.readouterr().out)["train"]["properties"]["width"]["default"] == 64


@pytest.mark.parametrize("text,said", [("{", "not JSON"), ("[]", "expected an object"), (None, "No such file")])
def test_a_configuration_that_cannot_be_read(tmpdir, text, said):
    path = tmpdir.join("config.json")
    if text is not None:
        path.write(text)
    with pytest.raises(BadInput) as caught:
        read_config(str(path))
    assert said in str(caught.value)


def test_a_model_comes_back(tmpdir):
    models.write(str(tmpdir), "Test", {"w": np.arange(3)}, settings={"width": 4}, block=2)
    description, weights = models.read(str(tmpdir), "Other", "Test")
    assert description["settings"] == {"width": 4} and weights["w"].tolist() == [0, 1, 2]


def test_models_that_are_not_whole_or_of_another_kind_are_refused(tmpdir):
    with pytest.raises(BadInput) as caught:
        models.read(str(tmpdir), "Test")
    assert "no model here" in str(caught.value)
    models.write(str(tmpdir), "Test", {"w": np.arange(3)})
    with pytest.raises(BadInput) as caught:
        models.read(str(tmpdir), "Other")
    assert "a Test, where Other is expected" in str(caught.value)
    models.write(str(tmpdir.join("b")), "Test", {"w": np.arange(4)})
    tmpdir.join("b", "weights.npz").copy(tmpdir.join("weights.npz"))
    with pytest.raises(BadInput) as caught:
        models.read(str(tmpdir), "Test")
    assert "sha256 differs" in str(caught.value)


def test_a_png_holds_the_pixels():
    image = np.random.RandomState(0).randint(0, 256, (3, 5, 3)).astype(np.uint8)
    data = png.encode(image)
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", data[16:24]) == (5, 3)
    start = data.index(b"IDAT")
    length, = struct.unpack(">I", data[start - 4:start])
    rows = np.frombuffer(zlib.decompress(data[start + 4:start + 4 + length]), np.uint8).reshape(3, 16)
    assert not rows[:, 0].any()
    np.testing.assert_array_equal(rows[:, 1:].reshape(3, 5, 3), image)


def test_a_grid_goes_row_by_row():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 3), np.uint8)
    grid = png.grid(images, 3)
    assert grid.shape == (4, 6, 3)
    assert grid[::2, ::2, 0].tolist() == [[0, 1, 2], [3, 4, 0]]
