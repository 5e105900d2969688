"""Training runs: a run that was stopped anywhere gives the same bits as one that was not."""

import errno
import json
import os
import signal
import threading
from collections import namedtuple

import numpy as np
import pytest

from sources.contract import imagesets, models, training
from sources.contract.batches import Batches, random_at
from sources.contract.errors import BadInput, Stopped

TOTAL = 12


class Walk(object):
    """The smallest thing that can be trained: a vector that random numbers and batches move."""

    device = "cpu"

    def __init__(self, settings, resolution, seed, device, stop_after):
        assert (resolution, device) == (2, "auto")
        self.seed, self.stop_after = seed, stop_after
        self.value = np.zeros(3)

    def images_in(self, number):
        return 3

    def step(self, number, batches):
        """Move; in the middle of step `stop_after` comes a SIGTERM, and more of it."""
        if number == self.stop_after:
            for wish in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
                os.kill(os.getpid(), wish)
        self.value += random_at(self.seed, 1, number).randn(3) + batches[number].sum()
        return {"size": float(abs(self.value).sum())}

    def state(self):
        return {"value": self.value.copy()}

    weights = state

    def restore(self, state):
        self.value = state["value"]

    def preview(self, count):
        return np.zeros((count, 2, 2, 3), np.uint8)


Settings = namedtuple("Settings", "steps checkpoint_every preview_every")
SETTINGS = Settings(TOTAL, 5, 4)
WithoutPreviews = namedtuple("WithoutPreviews", "steps checkpoint_every")
Arguments = namedtuple("Arguments", "out seed device")
Images = namedtuple("Images", "resolution identity source")
IMAGES = Images(2, "same", {"dataset": "made"})


def train(folder, stop_after=None, identity="same", settings=SETTINGS, walk=Walk):
    """Train a walk in `folder`; what model.json says, and where it ended."""
    training.run(Arguments(str(folder), 5, "auto"), IMAGES._replace(identity=identity), settings,
                 Batches(np.arange(7), 3, 0), lambda *arguments: walk(*(arguments + (stop_after,))),
                 architecture="Walk", block=2)
    description, weights = models.read(str(folder), "Walk")
    return description, weights["value"]


@pytest.mark.parametrize("stop_after", [0, 3, 4, 10])
def test_a_stopped_run_ends_with_the_same_bits(tmpdir, stop_after):
    _, undisturbed = train(tmpdir.join("whole"))
    folder = tmpdir.join("stopped")
    with pytest.raises(Stopped):
        train(folder, stop_after)
    np.testing.assert_array_equal(train(folder)[1], undisturbed)
    assert folder.join("training.json").read() == tmpdir.join("whole", "training.json").read()


def test_what_comes_after_a_stop_is_noted_too(tmpdir):
    with pytest.raises(Stopped):
        train(tmpdir, 3)
    os.kill(os.getpid(), signal.SIGINT)  # a KeyboardInterrupt here would be a traceback


def test_what_a_run_leaves_behind(tmpdir):
    train(tmpdir)
    assert sorted(path.basename for path in tmpdir.listdir()) == [
        "model.json", "samples", "training.json", "weights.npz"]
    assert sorted(path.basename for path in tmpdir.join("samples").listdir()) == [
        "00000000.png", "00000004.png", "00000008.png", "00000012.png"]
    curve = json.loads(tmpdir.join("training.json").read())
    assert curve["total"] == TOTAL and [point["step"] for point in curve["curve"]] == list(range(1, 13))


def test_what_a_model_says_of_its_training(tmpdir):
    description, _ = train(tmpdir)
    assert description["source"] == {"architecture": "Walk", "dataset": "made", "seed": 5}
    assert (description["block"], description["resolution"]) == (2, 2)
    assert description["settings"] == {"steps": TOTAL, "checkpoint_every": 5, "preview_every": 4}
    assert description["training"] == {"architecture": "Walk", "images": "same", "seed": 5,
                                       "settings": description["settings"]}


def test_a_trainer_that_can_is_asked_to_bring_every_batch(tmpdir):
    class Bringing(Walk):
        def bring(self, batch):
            return batch * 1000

    brought, plain = train(tmpdir.join("a"), walk=Bringing)[1], train(tmpdir.join("b"))[1]
    assert (brought > 900 * plain).all() and (plain > 0).all()


def test_no_previews_where_the_settings_have_none(tmpdir):
    train(tmpdir, settings=WithoutPreviews(TOTAL, 5))
    assert not tmpdir.join("samples").check()


def test_a_finished_training_is_left_as_it_is_and_no_trainer_is_made(tmpdir):
    train(tmpdir)
    before = tmpdir.join("weights.npz").mtime()
    train(tmpdir, walk=None)
    assert tmpdir.join("weights.npz").mtime() == before


def test_another_training_in_the_folder_of_a_finished_one_is_done(tmpdir):
    one, other = train(tmpdir)[0], train(tmpdir, identity="other")[0]
    assert (one["training"]["images"], other["training"]["images"]) == ("same", "other")


def test_no_thread_is_left_behind_by_a_training_that_is_stopped(tmpdir):
    before = threading.active_count()
    with pytest.raises(Stopped):
        train(tmpdir, 3)
    assert threading.active_count() == before


def test_a_checkpoint_of_another_training_is_refused(tmpdir):
    with pytest.raises(Stopped):
        train(tmpdir, 3)
    with pytest.raises(BadInput) as caught:
        train(tmpdir, identity="other")
    assert "another training" in str(caught.value)


def test_only_the_last_two_checkpoints_are_kept(tmpdir):
    with pytest.raises(Stopped):
        train(tmpdir, 11)
    assert len(tmpdir.join("checkpoints").listdir()) == 2


def truncate(path):
    path.write(path.read("rb")[:-20], "wb")


def flip(path):
    data = bytearray(path.read("rb"))
    data[len(data) // 2] ^= 1
    path.write(bytes(data), "wb")


DAMAGES = {"truncated": truncate, "emptied": lambda path: path.write(""), "flipped": flip,
           "zeroed": lambda path: path.write(b"\0" * path.size(), "wb"), "removed": lambda path: path.remove(),
           "a folder": lambda path: (path.remove(), path.mkdir())}


@pytest.fixture
def stopped(tmpdir):
    """A training that was stopped after step 11, with two checkpoints."""
    with pytest.raises(Stopped):
        train(tmpdir.join("stopped"), 10)
    assert checkpoints(tmpdir.join("stopped")) == ["00000010", "00000011"]
    return tmpdir.join("stopped")


def checkpoints(folder):
    return sorted(path.basename for path in folder.join("checkpoints").listdir())


def messages(capsys, event):
    """The messages of the events of a kind."""
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [item["message"] for item in events if item["event"] == event]


@pytest.mark.parametrize("damage", sorted(DAMAGES))
@pytest.mark.parametrize("name", ["arrays.npz", "state.json"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(stopped, tmpdir, capsys, name, damage):
    _, undisturbed = train(tmpdir.join("whole"))
    DAMAGES[damage](stopped.join("checkpoints", "00000011", name))
    capsys.readouterr()
    np.testing.assert_array_equal(train(stopped)[1], undisturbed)
    message, = messages(capsys, "warning")
    assert "00000011 is damaged" in message and message.endswith("the one before it serves")
    assert stopped.join("training.json").read() == tmpdir.join("whole", "training.json").read()


def test_a_digit_that_is_still_json_is_damage_too(stopped, tmpdir):
    state = stopped.join("checkpoints", "00000011", "state.json")
    state.write(state.read().replace('"done": 11', '"done": 10'))
    np.testing.assert_array_equal(train(stopped)[1], train(tmpdir.join("whole"))[1])


def test_where_both_are_damaged_the_training_begins_anew(stopped, tmpdir, capsys):
    for name in checkpoints(stopped):
        truncate(stopped.join("checkpoints", name, "arrays.npz"))
    capsys.readouterr()
    np.testing.assert_array_equal(train(stopped)[1], train(tmpdir.join("whole"))[1])
    assert [message.split("; ")[-1] for message in messages(capsys, "warning")] == [
        "the one before it serves", "the training begins anew"]


def test_a_damaged_checkpoint_is_replaced_when_its_step_comes_again(stopped):
    flip(stopped.join("checkpoints", "00000011", "arrays.npz"))
    with pytest.raises(Stopped):
        train(stopped, 10)
    assert checkpoints(stopped) == ["00000010", "00000011"]
    train(stopped)


def test_a_checkpoint_that_may_not_be_read_is_no_damage(stopped, monkeypatch):
    def refuse(path):
        raise IOError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(imagesets, "hash_file", refuse)
    with pytest.raises(IOError):
        train(stopped)
    assert checkpoints(stopped) == ["00000010", "00000011"]


def test_progress_is_told_as_events(tmpdir, capsys):
    train(tmpdir)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1] == {"event": "done", "model": str(tmpdir)}
    last = [event for event in events if event["event"] == "progress"][-1]
    assert (last["step"], last["total"]) == (TOTAL, TOTAL)
    assert last["images_per_second"] > 0 and "size" in last["losses"]


def test_every_image_is_taken_once_an_epoch():
    batches = Batches(np.arange(10), 4, 3)
    seen = np.concatenate([batches[number] for number in range(5)])
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert list(seen[:10]) != list(seen[10:])


def test_a_batch_depends_on_seed_and_number_alone():
    first, second = Batches(np.arange(10), 4, 3), Batches(np.arange(10), 4, 3)
    late = second[7]
    assert [list(first[number]) for number in range(8)][7] == list(late)
    assert list(Batches(np.arange(10), 4, 4)[7]) != list(late)


def test_a_set_smaller_than_a_batch_is_refused():
    with pytest.raises(BadInput):
        Batches(np.arange(3), 4, 0)
