"""Training runs: a run that was stopped anywhere gives the same bits as one that was not."""

import json
import os
import signal

import numpy as np
import pytest

from sources.contract.batches import Batches, random_at
from sources.contract.errors import BadInput, Stopped
from sources.contract.training import Training

TOTAL = 12


class Walk(object):
    """The smallest thing that can be trained: a vector that random numbers and batches move."""

    def __init__(self):
        self.value = np.zeros(3)

    def step(self, number, batch):
        self.value += random_at(5, 1, number).randn(3) + batch.sum()
        return {"size": float(abs(self.value).sum())}

    def state(self):
        return {"value": self.value.copy()}

    def preview(self):
        return np.zeros((4, 2, 2, 3), np.uint8)


def train(folder, stop_after=None, identity="same"):
    """Train a walk in `folder`; raise a SIGTERM in the middle of step `stop_after`."""
    run = Training(str(folder), {"settings": identity}, TOTAL, 5, 4)
    walk, batches = Walk(), Batches(np.arange(7), 3, 0)
    state = run.resume()
    if state is not None:
        walk.value = state["value"]
    for step in run.steps(walk.state, walk.preview):
        if step == stop_after:
            os.kill(os.getpid(), signal.SIGTERM)
        run.record(step, 3, walk.step(step, batches[step]))
    run.finish()
    run.clean()
    return walk.value


@pytest.mark.parametrize("stop_after", [0, 3, 4, 10])
def test_a_stopped_run_ends_with_the_same_bits(tmpdir, stop_after):
    undisturbed = train(tmpdir.join("whole"))
    folder = tmpdir.join("stopped")
    with pytest.raises(Stopped):
        train(folder, stop_after)
    np.testing.assert_array_equal(train(folder), undisturbed)
    assert folder.join("training.json").read() == tmpdir.join("whole", "training.json").read()


def test_what_a_run_leaves_behind(tmpdir):
    train(tmpdir)
    assert sorted(path.basename for path in tmpdir.listdir()) == ["samples", "training.json"]
    assert sorted(path.basename for path in tmpdir.join("samples").listdir()) == [
        "00000000.png", "00000004.png", "00000008.png", "00000012.png"]
    curve = json.loads(tmpdir.join("training.json").read())
    assert curve["total"] == TOTAL and [point["step"] for point in curve["curve"]] == list(range(1, 13))


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


def test_progress_is_told_as_events(tmpdir, capsys):
    train(tmpdir)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
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
