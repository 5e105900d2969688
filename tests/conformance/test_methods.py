"""The conformance test of methods passes an honest method, and catches each broken promise."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import methods
from tests.conformance.callers import Container, Process
from tests.conformance.method_trial import MethodTrial
from tests.conformance.trial import NotConforming

REPOSITORY = Path(__file__).resolve().parents[2]
HONEST = [sys.executable, "-m", "examples.own_method.spectra"]
TINY = {"steps": 600, "batch": 8, "checkpoint_every": 100}


@pytest.fixture(scope="module", autouse=True)
def in_the_repository():
    """Methods are called from the root of the repository, with one thread each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """The example under trial."""
    return MethodTrial(Process(HONEST), tmp_path_factory.mktemp("trial"), TINY)


@pytest.mark.parametrize("check", methods.CHECKS, ids=lambda check: check.__name__)
def test_the_example_conforms(check, trial):
    check(trial)


def test_the_example_tells_the_sources_apart(trial):
    assert methods.right(trial, trial.tested("right")) > 0.9


# What each does to an honest method before it runs, the check that has to notice, and what it says.
BROKEN = {
    "learns from rows for tests": ("""
if "train" in sys.argv: sys.argv[sys.argv.index("--train") + 1] = "70"
""", methods.rows_for_tests_are_not_seen,
        "looks at rows behind"),
    "ignores --first": ("""
if "--first" in sys.argv: sys.argv[sys.argv.index("--first") + 1] = "0"
""", methods.shards_equal_one_run,
        "sets are"),
    "scores by the whole shard": ("""
answer = contract.answer
def centred(out, sets, model, outputs, **versions):
    outputs = list(outputs)
    mean = np.concatenate([output["scores"] for output in outputs]).mean(0)
    outputs = (dict(output, scores=output["scores"] - mean) for output in outputs)
    answer(out, sets, model, outputs, **versions)
contract.answer = centred
""", methods.shards_equal_one_run,
        "differ from those of one run"),
    "draws by the clock": ("""
if "train" in sys.argv: sys.argv[sys.argv.index("--seed") + 1] = str(time.time_ns() % 2**32)
""", methods.the_same_command_gives_the_same_bits,
        "the same train gave a model with other scores"),
    "sorts its labels": ("""
init = contract.Sets.__init__
contract.Sets.__init__ = lambda self, sets, first, count: init(self, sorted(sets), first, count)
""", methods.the_model_says_its_labels_and_resolution,
        "labels are"),
    "mixes its labels up": ("""
from sources.contract import training
run = training.run
names = ["rough", "even", "striped"]
training.run = lambda *words, **more: run(*words, **dict(more, labels=names))
""", methods.labels_are_in_the_order_of_training,
        "labels are"),
    "means the same order by every order": ("""
init = contract.TrainingSets.__init__
def confused(self, arguments):
    init(self, arguments)
    self.train = [self.train[self.names.index(name)] for name in ("rough", "even", "striped")]
contract.TrainingSets.__init__ = confused
""", methods.labels_are_in_the_order_of_training,
        "mixed up"),
    "predicts something else": ("""
contract._predictions = lambda model, scores, **_: [
    {"label": model["labels"][0], "probability": 1.0} for _ in scores]
""", methods.the_same_command_gives_the_same_bits,
        "the probability is 1.0"),
    "scores with what is no number": ("""
append = contract.Arrays.append
contract.Arrays.append = lambda self, output: append(
    self, dict(output, features=output["features"] * np.nan))
""", methods.the_same_command_gives_the_same_bits,
        "not all values are finite"),
    "chats on standard output": ("""
print("Welcome!", flush=True)
""", methods.training_tells_its_progress,
        "no JSON"),
    "crashes on bad input": ("""
errors.BadInput.status = 1
""", methods.bad_input_is_refused_in_one_line,
        "exit status 1 instead of 2"),
    "takes any resolution": ("""
contract.Sets.check_resolution = lambda *_: None
""", methods.bad_input_is_refused_in_one_line,
        "another resolution to attribute: exit status 1 instead of 2"),
    "takes any device": ("""
if "--device" in sys.argv: sys.argv[sys.argv.index("--device") + 1] = "cpu"
""", methods.a_device_that_is_not_there_is_status_3,
        "--device cuda without a GPU ended with 0"),
    "dies of SIGTERM": ("""
training.Stop.__enter__ = lambda self: self
""", methods.a_stopped_training_continues,
        "instead of 143"),
    "forgets its weights": ("""
resume = training.Training.resume
training.Training.resume = lambda self: resume(self) and None
""", methods.a_stopped_training_continues,
        "gives other scores"),
    "does not look at its start": ("""
if "--start" in sys.argv:
    del sys.argv[sys.argv.index("--start"):sys.argv.index("--start") + 2]
""", methods.a_training_goes_on_from_a_model,
        "does not look at the model"),
    "goes on from any start": ("""
if "--start" in sys.argv:
    place = sys.argv.index("--start")
    sys.argv[place:place + 2] = ["--seed", str(1 + int(sys.argv[sys.argv.index("--seed") + 1]))]
    sys.argv[sys.argv.index("--seed", place + 2) + 1] = sys.argv[place + 1]
""", methods.a_training_goes_on_from_a_model,
        "a start of other labels: exit status 0 instead of 2"),
    "trains again": ("""
models.holds = lambda folder, training: False
""", methods.a_finished_training_is_not_repeated,
        "did not leave it as it was"),
    "writes to its images": ("""
if "attribute" in sys.argv:
    open(sys.argv[sys.argv.index("--images") + 1].partition("=")[2] + "/x", "w").close()
""", methods.inputs_are_left_as_they_were,
        "now holds"),
}


@pytest.mark.parametrize(("change", "check", "complaint"), BROKEN.values(), ids=BROKEN)
def test_a_broken_method_is_caught(change, check, complaint, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("import runpy, sys, time\nimport numpy as np\n"
                      "from sources.contract import command, errors, models, training\n"
                      "from sources.contract import methods as contract\n"
                      f"{change}\n"
                      "runpy.run_module('examples.own_method.spectra', run_name='__main__')\n")
    broken = Process([sys.executable, "-c", f"exec(open({str(script)!r}).read())"])
    trial = MethodTrial(broken, tmp_path / "trial", TINY)
    assert trial.trained.status == 0
    with pytest.raises(NotConforming, match=complaint):
        check(trial)


def test_the_command_line_names_each_check_and_its_exit_status_tells():
    ended = subprocess.run(
        [sys.executable, "-m", "tests.conformance.methods", "--process", "--", sys.executable, "-c",
         "print('hello')"], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ("FAIL  training_tells_its_progress: NotConforming: a line on standard output is no JSON"
            in ended.stdout)
    assert ended.stdout.count("\n") == len(methods.CHECKS)


def test_a_container_gets_each_set_at_a_place_of_its_own(tmp_path):
    reads = {"model": tmp_path, "images": {"a": tmp_path / "x", "b": tmp_path / "y"}}
    method = Container("somebody/method")
    words = method.command("attribute", reads, tmp_path / "out", ("--first", "3"))
    assert words[words.index("somebody/method") + 1:] == [
        "attribute", "--model", "/in/model", "--images", "a=/in/images/a", "--images",
        "b=/in/images/b", "--out", "/out", "--first", "3"]
    assert f"{tmp_path / 'x'}:/in/images/a:ro" in words and f"{tmp_path}:/in/model:ro" in words
