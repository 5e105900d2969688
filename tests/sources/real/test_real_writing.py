"""Writing both sets: memory, continuing, the self-check."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from sources.contract import imagesets
from sources.contract.errors import Stopped
from sources.real import celeba, writing
from sources.real.dataset import Dataset
from sources.real.settings import Settings
from tests.sources.real.real_archives import REPOSITORY, call, celeba_zip, photograph

SETTINGS = Settings(resolution=32, gan=600, train=400, validation=50, test=50)


def numbered(image):
    """A data set whose image k has the value k modulo 251."""
    return Dataset("numbers", "0" * 64, range(600), range(600, 1100), image)


def plain(key):
    return np.full((32, 32, 3), key % 251, np.uint8)


def test_rows_are_in_the_order_of_the_keys(tmp_path):
    writing.write(tmp_path, numbered(plain), SETTINGS, 0)
    gan, attribution = imagesets.read(str(tmp_path / "gan")), imagesets.read(str(tmp_path / "attribution"))
    assert np.array_equal(gan.images[:, 0, 0, 0], np.arange(600) % 251)
    assert np.array_equal(attribution.images[:, 5, 7, 2], np.arange(600, 1100) % 251)


def test_a_stopped_run_continues_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # more threads run further ahead of what is written

    def stopping(key):
        if key == 300:
            os.kill(os.getpid(), signal.SIGTERM)
        return plain(key)

    with pytest.raises(Stopped):
        writing.write(tmp_path, numbered(stopping), SETTINGS, 0)
    asked = []
    writing.write(tmp_path, numbered(lambda key: asked.append(key) or plain(key)), SETTINGS, 0)
    assert 200 < min(asked) <= 600 and sorted(asked) == list(range(min(asked), 1100))
    assert np.array_equal(imagesets.read(str(tmp_path / "gan")).images[:, 0, 0, 0], np.arange(600) % 251)


def test_finished_sets_are_left_alone_unless_something_else_is_asked_for(tmp_path):
    writing.write(tmp_path, numbered(plain), SETTINGS, 0)
    asked = []
    again = numbered(lambda key: asked.append(key) or plain(key))
    writing.write(tmp_path, again, SETTINGS, 0)
    assert asked == []
    writing.write(tmp_path, again._replace(digest="1" * 64), SETTINGS, 0)
    assert len(asked) == 1100


def test_the_digest_follows_the_content_of_the_archive(tmp_path):
    settings = Settings(32, 4, 3, 1, 2)
    digests = [celeba.open_dataset(celeba_zip(tmp_path / f"{count}.zip", count), settings, 0).digest
               for count in (10, 11)]
    assert digests[0] != digests[1]
    assert digests[0] == celeba.open_dataset(celeba_zip(tmp_path / "again.zip", 10), settings, 0).digest


def test_sigterm_ends_with_143_and_the_same_command_finishes(tmp_path):
    (tmp_path / "album").mkdir()
    for number in range(4):
        photograph(tmp_path / f"album/{number}.png", 512, 512, seed=number)
    (tmp_path / "config.json").write_text(json.dumps({"resolution": 64, "gan": 7000, "train": 9, "validation": 9,
                                                      "test": 9}))
    command = [sys.executable, "-m", "sources.real", "photos", "--archive", tmp_path / "album", "--out",
               tmp_path / "out",
               "--config", tmp_path / "config.json"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        first = next(event for event in map(json.loads, process.stdout) if event["event"] == "progress")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert first["event"] == "progress" and 0 < first["step"] < first["total"] == 7027
    assert ((tmp_path / "out/gan/images.npy.partial").stat().st_size - 128) // (64 * 64 * 3) >= first["step"]
    assert subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, timeout=60, check=False).returncode == 0
    assert imagesets.read(str(tmp_path / "out/gan")).count == 7000


def test_images_are_written_in_constant_memory(tmp_path):
    """A set of 150 MB is written by a process that may not grow by 100."""
    script = f"""
import resource, numpy as np
from pathlib import Path
from sources.real import writing
from sources.real.dataset import Dataset
from sources.real.settings import Settings
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
image = lambda key: np.full((128, 128, 3), key % 251, np.uint8)
writing.write(Path({str(tmp_path)!r}), Dataset("n", "0", range(3000), range(3), image), Settings(128, 3000, 1, 1, 1), 0)
print("grown by", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert int(ended.stdout.split("grown by")[1]) < 100 * 1024


def test_the_check_says_the_versions(tmp_path):
    ended = subprocess.run([sys.executable, "-m", "sources.real", "check"], cwd=REPOSITORY, capture_output=True,
                           text=True, timeout=60, check=True)
    event = json.loads(ended.stdout)
    assert event["event"] == "done" and set(event["versions"]) == {"numpy", "pillow", "lmdb"}


def test_an_unknown_verb_is_one_line(tmp_path):
    status, _, errors = call(tmp_path, "imagenet")
    assert status == 2 and errors.count("\n") == 1 and "invalid choice: 'imagenet'" in errors
