"""The conformance test of docs/methods.md: any attribution method can be put through it.

    python -m tests.conformance.methods --image REFERENCE --config tiny.json
    python -m tests.conformance.methods --config tiny.json --process -- python -m attribution

The configuration has to make the training tiny, but long enough to be stopped in its middle: a
second, say. Needs NumPy and Pillow, and uses nothing of sources/contract: that is a convenience,
not the definition.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from tests.conformance.callers import Container, Process, call, stop_in_the_middle
from tests.conformance.conformance import (
    a_finished_training_is_not_repeated,
    passes,
    training_tells_its_progress,
)
from tests.conformance.method_trial import TEST, TRAIN, VALIDATION, MethodTrial
from tests.conformance.told_settings import settings_are_told
from tests.conformance.trial import check_events, expect, last, refused, sha256, spoilt, write_set

_ROUNDING = 1e-4  # of the largest score


def the_model_says_its_labels_and_resolution(trial):
    """model.json has the labels in the order of --images, and the resolution."""
    found = json.loads((trial.model / "model.json").read_text())
    expect(found.get("labels") == list(trial.sets), f"model.json: labels are {found.get('labels')}")
    expect(found.get("resolution") == trial.resolution,
           "model.json: resolution is not that of the sets")
    expect(trial.tested("labels").index["labels"] == list(trial.sets),
           "attribution.json: other labels than model.json")


def the_same_command_gives_the_same_bits(trial):
    """Train and attribute twice; the scores have the same bits."""
    once = trial.tested("once")
    expect(np.array_equal(once.scores, trial.tested("again").scores),
           "the same attribute gave other scores")
    other = trial.tested("other", model=trial.train("same"))
    expect(np.array_equal(once.scores, other.scores),
           "the same train gave a model with other scores")


def rows_for_tests_are_not_seen(trial):
    """Other images behind the rows of training and validation change nothing in the model."""
    images = [np.load(folder / "images.npy") for folder in trial.sets.values()]
    changed = {}
    for name, own, other in zip(trial.sets, images, images[1:] + images[:1], strict=True):
        rows = np.concatenate([own[:TRAIN + VALIDATION], other[TRAIN + VALIDATION:]])
        changed[name] = write_set(trial.folder / "other-tests" / name, rows)
    model = trial.train("blind", sets=changed)
    near(trial.tested("seen").scores, trial.tested("unseen", model=model).scores,
         "train looks at rows behind those of --train and --validation")


def sets_may_have_any_name_and_order(trial):
    """Rows are in the order of the sets given to attribute, whatever their names and number."""
    usual = trial.tested("usual").scores.reshape(len(trial.sets), TEST, -1)
    backwards = {f"set {number}": trial.sets[name]
                 for number, name in enumerate(reversed(trial.sets))}
    near(trial.tested("backwards", sets=backwards).scores, np.concatenate(usual[::-1]),
         "attribute does not keep the order of the sets")
    name = list(trial.sets)[-1]
    near(trial.tested("single", sets={"single": trial.sets[name]}).scores, usual[-1],
         "the scores of a set depend on the other sets")


def labels_are_in_the_order_of_training(trial):
    """Trained on the sets in another order, the method means the same sources by their labels."""
    backwards = dict(reversed(trial.sets.items()))
    said = trial.tested("trained-backwards", model=trial.train("model-backwards", sets=backwards))
    expect(said.index["labels"] == list(backwards), f"labels are {said.index['labels']}")
    usual, other = right(trial, trial.tested("trained-forwards")), right(trial, said)
    expect(usual < 0.8 or other > 0.5,
           f"is right about {usual:.0%} of the images, but with the sets in another "
                                       f"order about {other:.0%}: labels are mixed up")


def right(trial, said):
    """The share of the rows that got the label of their set."""
    truth = [name for name in trial.sets for _ in range(TEST)]
    return np.mean([label == name for label, name in zip(said.labels, truth, strict=True)])


def shards_equal_one_run(trial):
    """The scores of an image depend on nothing but the model and the image."""
    whole = trial.attribute("whole").scores.reshape(len(trial.sets), TRAIN + VALIDATION + TEST, -1)
    for first, count in ((0, 5), (5, 30), (35, 61)):
        shard = trial.attribute(f"shard-{first}", first=first, count=count).scores
        near(shard, np.concatenate(whole[:, first:first + count]),
             f"rows {first} to {first + count - 1} of every set differ from those of one run")


def near(found, expected, complaint):
    """Expect scores that differ by no more than rounding."""
    expect(found.shape == expected.shape, f"{complaint}: {found.shape} instead of {expected.shape}")
    distance = np.abs(found - expected).max()
    expect(distance <= _ROUNDING * np.abs(expected).max(), f"{complaint}: by {distance:.2g}")


def bad_input_is_refused_in_one_line(trial):
    """Exit status 2, exactly one line on standard error, and nothing finished in --out."""
    _, verb, reads, _, words = trial.training("refused")
    for what, images in _bad_sets(trial).items():
        refused(trial, f"{what} for training", verb, {**reads, "images": images}, words)
        if what != "too few images":
            refused(trial, f"{what} to attribute", "attribute",
                    {"model": trial.model, "images": {"rough": images["rough"]}})
    for what, text in (("an unknown setting", '{"no_such_setting": 1}'),
                       ("a configuration that is no JSON", '{"steps": ')):
        refused(trial, what, verb, {**reads, "config": trial.write("bad.json", text)}, words)
    refused(trial, "no rows to train on", verb, reads, (*words, "--train", "0"))
    refused(trial, "an argument without a name", verb, {**reads, "images": trial.images}, words)
    refused(trial, "an unknown argument", verb, reads, (*words, "--no-such-argument"))
    refused(trial, "an unknown verb", "no-such-verb", {})
    refused(trial, "a folder without a model", "attribute",
            {"model": trial.images, "images": trial.sets})
    refused(trial, "a row that is not there", "attribute",
            {"model": trial.model, "images": trial.sets},
            ("--first", str(TRAIN + VALIDATION + TEST)))


def _bad_sets(trial):
    """{what is bad: sets}, of which one cannot be used."""
    images = np.load(trial.images / "images.npy")
    bad = {"a file in place of a folder": trial.write("nothing", ""),
           "a changed image": spoilt(trial, "changed",
                                     lambda data: data[:-1] + bytes([data[-1] ^ 1])),
           "a truncated set": spoilt(trial, "truncated", lambda data: data[:2 * len(data) // 3]),
           "another resolution": write_set(trial.folder / "small", images[:, ::2, ::2]),
           "too few images": write_set(trial.folder / "few", images[:TRAIN])}
    return {what: {**trial.sets, "rough": folder} for what, folder in bad.items()}


def a_device_that_is_not_there_is_status_3(trial):
    """--device cuda without a GPU ends with 3, in one line. Not tried where a process may find one."""
    if isinstance(trial.source, Process) and Path("/dev/nvidiactl").exists():
        return
    ask = {"model": trial.model, "images": trial.sets}
    for request in (trial.training("cuda", "--device", "cuda"),
                    (trial.source, "attribute", ask, trial.folder / "cuda", ("--device", "cuda"))):
        ended = call(*request)
        expect(ended.status == 3,
               f"{request[1]} --device cuda without a GPU ended with {ended.status}: "
                                  f"{last(ended.errors)}")
        expect(len(ended.errors) == 1, f"{request[1]} --device cuda without a GPU wrote {ended.errors}")


def a_stopped_training_continues(trial):
    """SIGTERM ends a training with 143; the same command then gives the model as if undisturbed."""
    undisturbed = trial.tested("undisturbed").scores
    stopped = stop_in_the_middle(*trial.training("stopped"))
    expect(stopped.status != 0,
           "the training ended before it could be stopped; give a --config that takes longer")
    expect(stopped.status == 143,
           f"SIGTERM ended it with {stopped.status} instead of 143: {last(stopped.errors)}")
    check_events(stopped, finished=False)
    expect(not (trial.folder / "stopped/model.json").exists(),
           "a stopped training left a finished model")
    scores = trial.tested("continued", model=trial.train("stopped")).scores
    expect(np.array_equal(scores, undisturbed),
           "a stopped and continued training gives other scores")


def a_training_goes_on_from_a_model(trial):
    """Where train takes --start: it begins there, with the same bits, and with the same labels."""
    start, name = trial.model, "gone-on"
    ended = call(*trial.training(name, start=start))
    if ended.status == 2 and "--start" in last(ended.errors):
        return  # a method need not take it
    expect(ended.status == 0, f"train --start ended with {ended.status}: {last(ended.errors)}")
    once = trial.tested("said-gone-on", model=trial.folder / name).scores
    expect(not np.array_equal(once, trial.tested("said-begun").scores),
           "train does not look at the model of --start")
    again = trial.tested("said-gone-on-again", model=trial.train("gone-on-again", start=start))
    expect(np.array_equal(once, again.scores), "the same train --start gave other scores")
    _, verb, reads, _, words = trial.training(name, start=start)
    backwards = dict(reversed(trial.sets.items()))
    refused(trial, "a start of other labels", verb, {**reads, "images": backwards}, words)
    refused(trial, "a start that is no model", verb, {**reads, "start": trial.images}, words)


def inputs_are_left_as_they_were(trial):
    """Nothing is written beside --out."""
    trial.tested("with-inputs")
    for folder in trial.sets.values():
        names = sorted(path.name for path in folder.iterdir())
        expect(names == ["images.npy", "imageset.json"], f"the folder of a set now holds {names}")
        index = json.loads((folder / "imageset.json").read_text())
        expect(index["sha256"] == sha256(folder / "images.npy"), "the images were changed")


CHECKS = (training_tells_its_progress, a_finished_training_is_not_repeated,
          the_model_says_its_labels_and_resolution, the_same_command_gives_the_same_bits,
          rows_for_tests_are_not_seen, sets_may_have_any_name_and_order,
          labels_are_in_the_order_of_training, shards_equal_one_run,
          bad_input_is_refused_in_one_line, settings_are_told, a_device_that_is_not_there_is_status_3,
          a_stopped_training_continues, a_training_goes_on_from_a_model,
          inputs_are_left_as_they_were)


def main():
    """Put one method through all checks; exit status 1 if it fails one."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--image", metavar="REFERENCE", help="an image of the local Docker Engine")
    which.add_argument("--process", action="store_true", help="the command that follows --")
    parser.add_argument("--config", type=Path, metavar="FILE",
                        help="JSON: the settings of a tiny training")
    parser.add_argument("--resolution", type=int, default=32, help="of the images (default: 32)")
    parser.add_argument("prefix", nargs="*", metavar="WORD", help="with --process: the command")
    arguments = parser.parse_args()
    config = json.loads(arguments.config.read_text()) if arguments.config else {}
    method = Container(arguments.image) if arguments.image else Process(arguments.prefix)
    with tempfile.TemporaryDirectory() as folder:
        trial = MethodTrial(method, folder, config, arguments.resolution)
        passed = [passes(check, trial) for check in CHECKS]
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
