"""Image sets that continue one another become one."""

import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sources.contract import imagesets
from sources.contract.errors import BadInput, Stopped
from sources.real.join import join
from tests.sources.real.real_archives import REPOSITORY

IMAGES = np.random.RandomState(0).randint(0, 256, (700, 8, 8, 3)).astype(np.uint8)
ENDS = (0, 300, 301, 700)


def make(folder, first, images=IMAGES, resolution=8, value_range="as they are", **source):
    """An image set that begins with image `first` of what made it."""
    with imagesets.Writer(str(folder), len(images), resolution) as writer:
        writer.append(images)
        writer.finish(value_range, {"architecture": "test", "first": first, **source},
                      {"image": "sha256:0", "command": ["generate", str(first)], "versions": {"numpy": "2"}})
    return folder


@pytest.fixture
def parts(tmp_path):
    """Three folders: 300 images, 1, and 399."""
    return [make(tmp_path / str(first), first, IMAGES[first:end])
            for first, end in zip(ENDS, ENDS[1:], strict=False)]


def arguments(parts, out):
    """What the verb is called with."""
    return SimpleNamespace(images=[str(part) for part in parts], out=str(out))


def test_parts_become_the_set_that_was_made_at_once(parts, tmp_path):
    words = [word for part in parts for word in ("--images", str(part))]
    command = [sys.executable, "-m", "sources.real", "join", *words, "--out", str(tmp_path / "out")]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    whole = make(tmp_path / "whole", 0)
    assert (tmp_path / "out/images.npy").read_bytes() == (whole / "images.npy").read_bytes()
    found, expected = (imagesets.read(str(folder)).index for folder in (tmp_path / "out", whole))
    made_by = found.pop("made_by")
    assert found == {key: value for key, value in expected.items() if key != "made_by"}
    assert "join" in made_by["command"]
    assert made_by["parts"] == [json.loads((part / "imageset.json").read_text())["made_by"] for part in parts]
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (told[-2]["step"], told[-2]["total"], told[-1]["event"]) == (700, 700, "done")


def test_what_was_stopped_is_continued(parts, tmp_path, monkeypatch):
    append, asked = imagesets.Writer.append, []

    def watched(writer, images):
        asked.append(len(images))
        append(writer, images)
        if asked == [256, 44, 1]:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(imagesets.Writer, "append", watched)
    with pytest.raises(Stopped):
        join(arguments(parts, tmp_path / "out"))
    join(arguments(parts, tmp_path / "out"))
    assert asked == [256, 44, 1, 256, 143]
    np.testing.assert_array_equal(imagesets.read(str(tmp_path / "out")).images, IMAGES)


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda parts: parts.reverse(), "begins at image 300, but"),
    (lambda parts: parts.pop(1), "begins at image 301, but"),
    (lambda parts: make(parts[1], 300, IMAGES[:1], seed=3), "its source is not that of"),
    (lambda parts: make(parts[1], 300, IMAGES[:1], value_range="other"), "its value_range is not that of"),
    (lambda parts: make(parts[1], 300, np.zeros((1, 4, 4, 3), np.uint8), 4), "its resolution is not that of"),
    (lambda parts: (parts[2] / "imageset.json").unlink(), "No such file or directory"),
    (lambda parts: (parts[2] / "images.npy").write_bytes((parts[0] / "images.npy").read_bytes()), "make the set again"),
])
def test_what_does_not_belong_together_is_refused(parts, tmp_path, spoil, said):
    spoil(parts)
    with pytest.raises(BadInput, match=said):
        join(arguments(parts, tmp_path / "out"))
    assert not (tmp_path / "out").exists()
